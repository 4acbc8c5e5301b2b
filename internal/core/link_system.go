//go:build rust && mantisdb_system

package core

// The Rust core, as `make install-core PREFIX=...` installed it: pkg-config must
// find mantisdb_core.pc (PKG_CONFIG_PATH=PREFIX/lib/pkgconfig).

// #cgo pkg-config: mantisdb_core
import "C"
