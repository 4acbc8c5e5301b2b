package transport

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestConnectionsBreak: the system is told after what time a connection is broken over which nothing
// arrives, as it would wait for minutes.
func TestConnectionsBreak(t *testing.T) {
	a, b := open(t, porttest.Pair(t)), open(t, porttest.Pair(t))
	for what, silence := range map[string]time.Duration{"messages": messageSilence, "a snapshot": snapshotSilence} {
		conn, err := a.dial(t.Context(), b.address, silence)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var set int
		if failed := raw.Control(func(fd uintptr) {
			set, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
		}); failed != nil || err != nil {
			t.Fatal(failed, err)
		}
		if got := time.Duration(set) * time.Millisecond; got != silence {
			t.Errorf("a connection for %s breaks after %v, and not %v", what, got, silence)
		}
	}
}
