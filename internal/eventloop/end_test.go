//go:build linux && (amd64 || arm64)

package eventloop

import (
	"errors"
	"io"
	"testing"
	"time"
)

// The end of a connection that comes together with the last data is not to be missed.
func TestEndThatComesWithDataIsRead(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			g := newGroup(t, 1)
			client, c := pair(t, g, network)
			busy, b := pair(t, g, network)
			release := make(chan struct{})
			b.Handle(func() {
				<-release
				echo(b)
			})
			ended := make(chan error, 1)
			c.Handle(func() {
				if err := echo(c); !errors.Is(err, ErrParked) {
					ended <- err
				}
			})
			park(t, c)
			park(t, b)
			busy.Write([]byte("x"))
			time.Sleep(time.Millisecond)
			client.Write([]byte("hello"))
			client.(interface{ CloseWrite() error }).CloseWrite()
			time.Sleep(time.Millisecond)
			close(release)
			client.SetReadDeadline(time.Now().Add(3 * time.Second))
			if _, err := io.ReadFull(client, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-ended:
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
			case <-time.After(3 * time.Second):
				t.Fatal("the end was not read")
			}
		})
	}
}

// Who has waited once for a slow reader is parked again afterwards.
func TestWhoWaitedToWriteIsParkedAgain(t *testing.T) {
	client, c := pair(t, newGroup(t, 1), "tcp")
	c.Handle(func() {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			c.Write(make([]byte, 16<<20))
			c.Read(make([]byte, 1))
		}
	})
	park(t, c)
	client.SetDeadline(time.Now().Add(patience))
	client.Write([]byte("x"))
	time.Sleep(20 * time.Millisecond)
	if _, err := io.CopyN(io.Discard, client, 16<<20); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		now := c.state
		c.mu.Unlock()
		if now == parked {
			return
		}
		if time.Since(begin) > 3*time.Second {
			t.Fatal("it keeps its goroutine")
		}
	}
}
