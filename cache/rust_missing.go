//go:build !rust

package cache

import "fmt"

// DefaultEngine is what an empty Options.Engine means in this build.
const DefaultEngine = EngineGo

func openRust(config) (engine, error) {
	return nil, fmt.Errorf("%w: %q needs cgo and the Rust core: build with `-tags rust` after `make build-rust-core`", ErrEngineNotBuilt, EngineRust)
}
