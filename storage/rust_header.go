//go:build rust

package storage

// The header that this package is compiled with; internal/core links what it declares.

// #cgo !mantisdb_system CFLAGS: -I${SRCDIR}/../rust-core/include
// #cgo mantisdb_system pkg-config: mantisdb_core
import "C"
