//go:build amd64 || arm64

// Package prefetch asks for memory before it is needed.
package prefetch

import "unsafe"

// Read asks for the cache line at address, which need not be valid, and waits for nothing.
//
//go:noescape
func Read(address unsafe.Pointer)
