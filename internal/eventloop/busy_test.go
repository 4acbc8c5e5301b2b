//go:build linux && (amd64 || arm64)

package eventloop

import (
	"testing"
	"time"
)

// Who always has more to be read is no reason not to look for what others have sent.
func TestOneWhoSendsAlwaysLeavesOthersTheirTurn(t *testing.T) {
	g := newGroup(t, 1)
	greedy, c := pair(t, g, "tcp")
	other, o := pair(t, g, "tcp")
	g.Close() // ends the watchdog, which would make the greedy one its goroutine's own by chance
	c.Handle(func() {
		for buf := make([]byte, 1); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	})
	o.Handle(func() { echo(o) })
	park(t, c)
	park(t, o)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for piece := make([]byte, 64<<10); ; {
			if _, err := greedy.Write(piece); err != nil {
				return
			}
		}
	}()
	time.Sleep(50 * time.Millisecond)
	exchange(t, other, []byte("hello"))
	greedy.Close()
}
