package bench

import (
	"fmt"
	"strings"
	"time"
)

// Level is how much a run does.
type Level struct {
	Name string
	// Keys is how many keys a store holds, and how many operations each
	// workload makes, all its goroutines together; but for high_throughput.
	Keys uint64
	// ThroughputTime is how long high_throughput runs.
	ThroughputTime time.Duration
}

// Levels are the levels a user can choose, the smallest first.
var Levels = []Level{
	{Name: "light", Keys: 1_000_000, ThroughputTime: 2 * time.Second},
	{Name: "medium", Keys: 5_000_000, ThroughputTime: 10 * time.Second},
	{Name: "heavy", Keys: 20_000_000, ThroughputTime: 30 * time.Second},
	{Name: "extreme", Keys: 50_000_000, ThroughputTime: 60 * time.Second},
}

// ParseLevel returns the level of that name.
func ParseLevel(name string) (Level, error) {
	names := make([]string, len(Levels))
	for i, level := range Levels {
		if level.Name == name {
			return level, nil
		}
		names[i] = level.Name
	}
	return Level{}, fmt.Errorf("unknown stress level %q: use one of %s", name, strings.Join(names, ", "))
}
