package scenario

import (
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// lead is by how much a client that slept begins ahead of its next operation's
// time. It may run ahead by two.
const lead = int64(10 * time.Millisecond)

// pace gives operations their times. A client does what is due within two leads
// and then sleeps until one before its next operation: so it neither spins,
// which would take a processor from the store, nor counts the system's delay in
// waking it. When the store stalls for longer, the latency of each operation
// that had to wait begins at its own time, as it would for users who do not wait
// for each other.
type pace struct {
	start, interval int64
}

// newPace is the pace of one of the load's clients.
func newPace(l load, start int64) pace {
	if l.perSecond == 0 {
		return pace{}
	}
	interval := int64(l.threads) * int64(time.Second) / int64(l.perSecond)
	return pace{start: start + 2*lead, interval: interval}
}

// wait sleeps until operation i may begin and returns from when its latency
// counts.
func (p pace) wait(i int64) int64 {
	due := p.start + i*p.interval
	now := measure.Now()
	if now < due-2*lead {
		time.Sleep(time.Duration(due - lead - now))
		now = measure.Now()
	}
	return min(now, due)
}
