//go:build !rust

package storage

import (
	"fmt"
	"io"
)

// DefaultEngine is what an empty Config.Engine means in this build.
const DefaultEngine = EngineGo

func openRust(Config) (Engine, error) { return nil, notBuilt(EngineRust) }

func openCache(Config) (Engine, error) { return nil, notBuilt(EngineCache) }

func notBuilt(engine string) error {
	return fmt.Errorf("%w: %q needs cgo and the Rust core: run `make build-rust`, or build with `-tags rust` after `make build-rust-core`", ErrEngineNotBuilt, engine)
}

func checkRust(string, error, io.Writer) error { return notBuilt(EngineRust) }

func repairRust(string, string, error, io.Writer) error { return notBuilt(EngineRust) }
