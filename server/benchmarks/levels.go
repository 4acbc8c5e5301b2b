package benchmarks

import (
	"fmt"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/bench"
	"github.com/mantisdb/mantisdb/internal/machine"
)

// Level is a stress level, and whether this machine has the memory for it.
type Level struct {
	Name   string `json:"name"`
	Keys   uint64 `json:"keys"`
	Memory uint64 `json:"memory_bytes"` // that a run takes at most, about
	Fits   bool   `json:"fits"`         // into what is available now, as far as that is known
}

// Choices are what runs may be asked for.
type Choices struct {
	Levels    []Level  `json:"levels"`
	Engines   []string `json:"engines"`
	Available uint64   `json:"available_bytes"` // of memory; 0 where it is not known
}

// Choices are those of the moment.
func (r *Runs) Choices() Choices {
	c := Choices{Engines: r.engines(), Available: machine.AvailableBytes()}
	for _, level := range bench.Levels {
		needed := level.MemoryBytes()
		c.Levels = append(c.Levels, Level{level.Name, level.Keys, needed, c.Available == 0 || needed <= c.Available})
	}
	return c
}

// builtEngines are the engines of this build, and All if there are two to compare.
func builtEngines() []string {
	engines := []string{}
	for _, name := range []string{mantisdb.EngineRust, mantisdb.EngineGo, mantisdb.EngineCache} {
		if bench.HasEngine(name) {
			engines = append(engines, name)
		}
	}
	if slices.Contains(engines, mantisdb.EngineRust) {
		engines = append(engines, All)
	}
	return engines
}

// check refuses settings that cannot be run now.
func (r *Runs) check(s Settings) error {
	choices := r.Choices()
	i := slices.IndexFunc(choices.Levels, func(l Level) bool { return l.Name == s.Stress })
	switch {
	case i < 0:
		_, err := bench.ParseLevel(s.Stress)
		return &SettingsError{err.Error()}
	case !slices.Contains(choices.Engines, s.Engine):
		return &SettingsError{fmt.Sprintf("the engine %q is none that this program can measure: %q", s.Engine, choices.Engines)}
	case !choices.Levels[i].Fits:
		return fmt.Errorf("%w: stress level %s takes about %s, and %s are available", ErrNoMemory,
			s.Stress, humanize.IBytes(choices.Levels[i].Memory), humanize.IBytes(choices.Available))
	}
	return nil
}
