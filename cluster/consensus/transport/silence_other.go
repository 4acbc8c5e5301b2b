//go:build !linux

package transport

import (
	"syscall"
	"time"
)

// breakAfter leaves it to the system when a connection breaks, which has no means to be told.
func breakAfter(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
