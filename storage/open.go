package storage

import (
	"fmt"
	"log/slog"
)

// Config says how to open an engine.
type Config struct {
	// Engine is EngineRust or EngineGo; empty takes the build's default: rust
	// when built with `-tags rust`, else go.
	Engine string
	// Dir is the data directory; empty keeps everything in memory.
	Dir string
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
	switch c.Engine {
	case EngineRust:
		return openRust(c)
	case EngineGo:
		return openGo(c)
	default:
		return nil, fmt.Errorf("%w %q: use %q or %q", ErrUnknownEngine, c.Engine, EngineRust, EngineGo)
	}
}
