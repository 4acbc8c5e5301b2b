package mantisdb

import "log/slog"

// Names of the engines, for Options.Engine.
const (
	// EngineRust keeps data in the lock-free Rust core, outside Go's heap. It
	// needs a build with `-tags rust`.
	EngineRust = "rust"
	// EngineGo keeps data in Pebble. It is in every build and needs no cgo.
	EngineGo = "go"
	// EngineCache is the Rust core as a cache: it keeps everything in memory, within
	// Options.MemoryLimit, and when that is full, entries leave for good, cold ones
	// first. It needs a build with `-tags rust` and takes no directory.
	EngineCache = "cache"
)

// Options say how to open a database. The zero value is a good choice.
type Options struct {
	// Engine is EngineRust, EngineGo or EngineCache. Empty takes the build's default:
	// rust when built with `-tags rust`, else go. Nothing falls back: an engine that
	// the build lacks is ErrEngineNotBuilt.
	Engine string
	// Durability says when writes that do not say it themselves are acknowledged;
	// none is DurabilitySync. It makes no difference in memory.
	Durability Durability
	// MemoryLimit is how many bytes the database may hold in memory, for data,
	// indexes and caches, at least MinMemoryLimit; 0 takes the engine's default.
	// It needs a directory, which has what memory has not, or EngineCache, whose
	// default is DefaultCacheLimit.
	MemoryLimit uint64
	// Logger receives what the database has to tell; nil discards it.
	Logger *slog.Logger
}
