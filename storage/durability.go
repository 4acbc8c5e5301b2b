package storage

import (
	"fmt"
	"math"
)

// Durability says when a write is acknowledged: what has happened to it by the
// time its call returns. It is chosen for an engine (Config.Durability) and may
// be chosen anew for each write (WriteOptions.Durability). A store in memory
// takes every level, and none makes a difference.
//
// Writes become visible in one order whatever their levels are, and what is left
// of them after a crash is a beginning of that order, up to writes at
// DurabilityMemory, any of which may be missing.
type Durability uint8

// The levels. The numbers are those of the C ABI.
const (
	// DurabilityDefault is the engine's own level; of an engine, it is
	// DurabilitySync.
	DurabilityDefault Durability = 0
	// DurabilitySync acknowledges a write once it is on disk: it survives the
	// loss of power. Writers that wait at the same time share one sync.
	DurabilitySync Durability = 1
	// DurabilityBuffered acknowledges a write once the operating system has it:
	// it survives the death of the process, kill -9 too. It is synced at the
	// latest a second later, so a loss of power takes at most the writes of the
	// last second.
	DurabilityBuffered Durability = 2
	// DurabilityMemory acknowledges a write once it is visible. It is lost with
	// the process unless the engine has written it to a segment by then, as it
	// does when its write buffer is full, in Sync and in Close.
	DurabilityMemory Durability = 3
)

var durabilityNames = [...]string{"default", "sync", "buffered", "memory"}

// ParseDurability reads "sync", "buffered" or "memory".
func ParseDurability(s string) (Durability, error) {
	for d := DurabilitySync; d <= DurabilityMemory; d++ {
		if s == durabilityNames[d] {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%w: unknown durability %q: use sync, buffered or memory", ErrInvalidOptions, s)
}

// String is the level's name, as ParseDurability reads it; "default" of none.
func (d Durability) String() string {
	if int(d) < len(durabilityNames) {
		return durabilityNames[d]
	}
	return fmt.Sprintf("durability(%d)", uint8(d))
}

// MarshalText implements encoding.TextMarshaler: JSON has the name.
func (d Durability) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Durability) UnmarshalText(text []byte) (err error) {
	if string(text) == durabilityNames[DurabilityDefault] {
		*d = DurabilityDefault
		return nil
	}
	*d, err = ParseDurability(string(text))
	return err
}

// or is the level itself, or for none the one given.
func (d Durability) or(fallback Durability) Durability {
	if d == DurabilityDefault {
		return fallback
	}
	return d
}

// check returns nil for a level that exists.
func (d Durability) check() error {
	if int(d) >= len(durabilityNames) {
		return fmt.Errorf("%w: there is no %v", ErrInvalidOptions, d)
	}
	return nil
}

// The least and the greatest Config.MemoryLimit, in bytes.
const (
	MinMemoryLimit = 16 << 20
	MaxMemoryLimit = math.MaxInt64
)

// DefaultCacheLimit is the Config.MemoryLimit of an EngineCache that names none, in
// bytes.
const DefaultCacheLimit = 256 << 20

// checkLimits returns nil if the levels and limits of c make sense together.
func (c *Config) checkLimits() error {
	if err := c.Durability.check(); err != nil {
		return err
	}
	switch {
	case c.Engine == EngineCache && c.Dir != "":
		return fmt.Errorf("%w: engine %q keeps everything in memory, and takes no data directory", ErrInvalidOptions, EngineCache)
	case c.MemoryLimit == 0:
		return nil
	case c.Dir == "" && c.Engine != EngineCache:
		return fmt.Errorf("%w: a memory limit needs a data directory, which has what memory has not, or engine %q", ErrInvalidOptions, EngineCache)
	case c.MemoryLimit < MinMemoryLimit:
		return fmt.Errorf("%w: a memory limit of %d bytes; the least is %d", ErrInvalidOptions, c.MemoryLimit, MinMemoryLimit)
	case c.MemoryLimit > MaxMemoryLimit:
		return fmt.Errorf("%w: a memory limit of %d bytes; the most is %d", ErrInvalidOptions, c.MemoryLimit, uint64(MaxMemoryLimit))
	}
	return nil
}
