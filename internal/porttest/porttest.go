// Package porttest finds ports for tests that have to know them before somebody listens there.
package porttest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Ports are taken from these, below those that the system gives to connections and to whoever asks for
// any port: a test beside this one would be given it in the meantime.
const (
	lowest  = 20_000
	highest = 32_000
)

// Pair is an address on 127.0.0.1 of which the port and the next one are free; an odd one is never the
// first. It is nobody else's until the test has ended, also while nobody listens there: else what is sent
// to a node that was stopped might reach one of another test.
func Pair(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := lowest + 2*rand.IntN((highest-lowest)/2)
		if claim(t, port) && isFree(port) && isFree(port+1) {
			return address(port)
		}
	}
	t.Fatal("no two ports in a row are free")
	return ""
}

// claim claims a port for as long as the test runs, among all processes that use this package: the
// claim is the port of the same number of UDP, which the system gives to one of them, and takes back
// from one that was killed.
func claim(t testing.TB, port int) bool {
	claimed, err := net.ListenPacket("udp", address(port))
	if err != nil {
		return false
	}
	t.Cleanup(func() { claimed.Close() })
	return true
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func isFree(port int) bool {
	l, err := net.Listen("tcp", address(port))
	return err == nil && l.Close() == nil
}
