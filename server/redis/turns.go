package redis

import (
	"time"

	"github.com/mantisdb/mantisdb/internal/eventloop"
)

// turns tell whether a client is answered in its turn by an event loop, which is quick, or
// by a goroutine of its own, which holds nobody up. A client without a socket has always a
// goroutine of its own.
type turns struct {
	socket *eventloop.Conn // nil: there is none that a loop watches
	slow   int             // turns in a row that took long
	quick  int             // turns in a row that did not, since own
}

// A client whose turns take this long so often in a row has a goroutine of its own from
// then on, until as many in a row as calmAfter have not. It is longer than a pipeline takes
// that fills a packet, and shorter than a disk.
const (
	slowTurn  = 200 * time.Microsecond
	slowAfter = 3
	calmAfter = 8
)

// ownGoroutine sees to it that nobody else is held up by the client, which is about to wait.
func (c *Client) ownGoroutine() {
	if c.socket != nil {
		c.socket.Own()
		c.quick = 0
	}
}

// endTurn notes how long the commands that had come took. One that has ever listened to
// others keeps its goroutine, since those write to it at any time.
func (c *Client) endTurn(took time.Duration) {
	switch {
	case c.socket == nil:
	case took >= slowTurn:
		if c.slow++; c.slow >= slowAfter {
			c.ownGoroutine()
		}
	default:
		c.slow = 0
		if c.quick++; c.quick == calmAfter && !c.hasListened {
			c.socket.MayPark()
		}
	}
}

// beginTurns has an event loop answer the client, if it can.
func (c *Client) beginTurns() {
	if c.server.routing != nil {
		return // commands wait for others
	}
	if c.socket = eventloop.Of(c.conn); c.socket != nil {
		c.socket.Handle(c.attend)
		c.socket.MayPark()
		c.quick = calmAfter
	}
}

// mayWait tells whether a command may wait, or take long.
func (c *Command) mayWait() bool { return !c.has(flagFast | flagBrief) }
