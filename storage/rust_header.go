//go:build rust

package storage

// The headers that this package is compiled with; internal/core links what they declare.

// #cgo CFLAGS: -I${SRCDIR}/../internal/core
// #cgo !mantisdb_system CFLAGS: -I${SRCDIR}/../rust-core/include
// #cgo mantisdb_system pkg-config: mantisdb_core
import "C"
