package transport

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestRefusalsAreToldOnce has a node of another cluster connect again and again, and be connected to.
func TestRefusalsAreToldOnce(t *testing.T) {
	t.Parallel()
	to := open(t, porttest.Pair(t))
	const attempts = 5
	for _, source := range []string{"127.0.0.1:1", "127.0.0.1:3"} {
		for range attempts {
			conn, err := net.Dial("tcp", to.address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(greeting{deployment + 1, source}.append(nil)); err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, conn) // until it is turned away
			conn.Close()
		}
		await(t, "line in the log", func() bool { return to.logged(source) })
	}
	if lines := strings.Count(to.log.String(), "another cluster"); lines != 2 {
		t.Errorf("%d lines of two nodes", lines)
	}

	turned := make(chan struct{}, attempts)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for range attempts {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = readGreeting(conn)
			conn.Close()
			turned <- struct{}{}
		}
	}()
	from := open(t, porttest.Pair(t))
	c, err := from.GetConnection(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	await(t, "attempts that were turned away", func() bool {
		if err := c.SendMessageBatch(batchWith(from.address, "content")); err != nil {
			t.Fatal(err)
		}
		return len(turned) == attempts
	})
	if lines := strings.Count(from.log.String(), "cannot be connected to"); lines != 1 {
		t.Errorf("%d lines of one node", lines)
	}
}
