package storage

import (
	"fmt"
	"log/slog"
)

// Config says how to open an engine.
type Config struct {
	// Engine is EngineRust, EngineGo or EngineCache; empty takes the build's default:
	// rust when built with `-tags rust`, else go.
	Engine string
	// Dir is the data directory; empty keeps everything in memory. EngineCache takes
	// none.
	Dir string
	// Durability is the level of writes that name none; none is DurabilitySync.
	// It makes no difference in memory.
	Durability Durability
	// MemoryLimit is how many bytes the engine may hold in memory for data,
	// indexes, caches and what is not yet flushed, at least MinMemoryLimit; 0
	// takes the engine's default. Memory that the operating system takes back by
	// itself, as that of mapped files, does not count. It needs a directory, or
	// EngineCache, whose default is DefaultCacheLimit.
	MemoryLimit uint64
	// Pinned is what the keys begin with that never leave an EngineCache, up to 16
	// bytes; none pins no key. Other engines do not look at it.
	Pinned []byte
	// Logger receives what the engine has to tell; nil discards it.
	Logger *slog.Logger
}

// Open opens the engine that c names. Nothing falls back: an engine that this
// binary lacks is ErrEngineNotBuilt, one that does not exist ErrUnknownEngine.
func Open(c Config) (Engine, error) {
	if c.Engine == "" {
		c.Engine = DefaultEngine
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if err := c.checkLimits(); err != nil {
		return nil, err
	}
	c.Durability = c.Durability.or(DurabilitySync)
	if c.Dir == "" {
		c.Durability = DurabilityMemory
	}
	switch c.Engine {
	case EngineRust:
		return openRust(c)
	case EngineGo:
		return openGo(c)
	case EngineCache:
		return openCache(c)
	default:
		return nil, fmt.Errorf("%w %q: use %q, %q or %q", ErrUnknownEngine, c.Engine, EngineRust, EngineGo, EngineCache)
	}
}
