//go:build linux

package clustertest

import (
	"errors"
	"net"
)

// errNotDone says that an operation was certainly not done. Of one that has another error
// nobody knows.
var errNotDone = errors.New("not done")

// notDone tells whether an error says that an operation was certainly not done: the client
// says so, or it had no connection yet.
func notDone(err error) bool {
	var dial *net.OpError
	return errors.Is(err, errNotDone) || errors.As(err, &dial) && dial.Op == "dial"
}
