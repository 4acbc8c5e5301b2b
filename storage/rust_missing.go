//go:build !rust

package storage

import (
	"fmt"
	"io"
)

// DefaultEngine is what an empty Config.Engine means in this build.
const DefaultEngine = EngineGo

func openRust(Config) (Engine, error) { return nil, engineNotBuilt(EngineRust) }

func openCache(Config) (Engine, error) { return nil, engineNotBuilt(EngineCache) }

func engineNotBuilt(engine string) error { return notBuilt(fmt.Sprintf("%q needs", engine)) }

// notBuilt is the error of what needs the core.
func notBuilt(what string) error {
	return fmt.Errorf("%w: %s cgo and the Rust core: run `make build-rust`, or build with `-tags rust` after `make build-rust-core`", ErrEngineNotBuilt, what)
}

func checkRust(string, error, io.Writer) error { return engineNotBuilt(EngineRust) }

func repairRust(string, string, error, io.Writer) error { return engineNotBuilt(EngineRust) }

// CachePolicies fails: the policies are part of the core.
func CachePolicies() ([]string, error) { return nil, notBuilt("the cache's policies need") }

// SimulateCache fails: the policies are part of the core.
func SimulateCache(string, CacheTrace, uint64) (CacheHits, error) {
	return CacheHits{}, notBuilt("the cache's policies need")
}
