package mantisdb

import "log/slog"

// Names of the engines, for Options.Engine.
const (
	// EngineRust keeps data in the lock-free Rust core, outside Go's heap. It
	// needs a build with `-tags rust`.
	EngineRust = "rust"
	// EngineGo keeps data in Pebble. It is in every build and needs no cgo.
	EngineGo = "go"
)

// Options say how to open a database. The zero value is a good choice.
type Options struct {
	// Engine is EngineRust or EngineGo. Empty takes the build's default: rust
	// when built with `-tags rust`, else go. Nothing falls back: an engine that
	// the build lacks is ErrEngineNotBuilt.
	Engine string
	// Logger receives what the database has to tell; nil discards it.
	Logger *slog.Logger
}
