//go:build !linux || (!amd64 && !arm64)

package eventloop

import (
	"errors"
	"net"
)

// Group is a number of loops, of which there are none here.
type Group struct{}

// New fails with errors.ErrUnsupported.
func New(int) (*Group, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Group) Close() {}

// Adopt returns the connection as it is.
func (*Group) Adopt(conn net.Conn) (net.Conn, error) { return conn, nil }

// Conn is a socket that a loop watches, of which there are none here.
type Conn struct{ net.Conn }

// Of is nil.
func Of(net.Conn) *Conn { return nil }

// Handle does nothing.
func (*Conn) Handle(func()) {}

// MayPark does nothing.
func (*Conn) MayPark() {}

// Own does nothing.
func (*Conn) Own() {}

// HandOver does nothing.
func (*Conn) HandOver() {}

// ReleaseWhenIdle does nothing.
func (*Conn) ReleaseWhenIdle() {}

// Hold returns false.
func (*Conn) Hold() bool { return false }

// Release does nothing.
func Release([]*Conn) {}
