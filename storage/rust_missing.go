//go:build !rust

package storage

import (
	"fmt"
	"io"
)

// DefaultEngine is what an empty Config.Engine means in this build.
const DefaultEngine = EngineGo

func openRust(Config) (Engine, error) {
	return nil, fmt.Errorf("%w: %q needs cgo and the Rust core: run `make build-rust`, or build with `-tags rust` after `make build-rust-core`", ErrEngineNotBuilt, EngineRust)
}

func checkRust(string, error, io.Writer) error { _, err := openRust(Config{}); return err }

func repairRust(string, string, error, io.Writer) error { _, err := openRust(Config{}); return err }
