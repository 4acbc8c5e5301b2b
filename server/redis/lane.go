package redis

import (
	"net"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
)

// lane answers calls of a trunk, one after the other. It is a client whose connection is the trunk.
type lane struct {
	trunk  *servedTrunk
	client *Client
	calls  chan uint64 // has room for one; closed when no more come
	call   uint64      // the one that is answered
	body   []byte      // of it
}

// keepBody is how much memory for calls an idle lane has.
const keepBody = 64 << 10

// lane is an idle lane, or a new one.
func (t *servedTrunk) lane() *lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last := len(t.idle) - 1; last >= 0 {
		l := t.idle[last]
		t.idle[last], t.idle = nil, t.idle[:last]
		return l
	}
	l := &lane{trunk: t, calls: make(chan uint64, 1)}
	l.client = t.server.newClient(newLaneConn(l))
	l.client.isPeer = true
	l.client.letIn(acl.Everybody(), t.server.users.Changes())
	t.lanes.Add(1)
	go l.run()
	return l
}

// rest has a lane wait for the next call, and tells whether it is to.
func (t *servedTrunk) rest(l *lane) bool {
	if cap(l.body) > keepBody {
		l.body = nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || len(t.idle) >= keptLanes {
		return false
	}
	t.idle = append(t.idle, l)
	return true
}

// run answers calls until no more come, or until the lane is not needed or fit for another one.
func (l *lane) run() {
	defer l.trunk.lanes.Done()
	defer l.client.leave()
	for l.call = range l.calls {
		if !l.answer() || !l.trunk.rest(l) {
			return
		}
	}
}

// answer answers the call, and tells whether the lane is fit for another one.
func (l *lane) answer() (fit bool) {
	c := l.client
	defer func() {
		if !fit {
			c.refuseCall()
		}
		l.reply(frameReply, c.out.Buf)
		if cap(c.out.Buf) > keepReply {
			c.out.Buf = nil
		}
		c.out.Buf = c.out.Buf[:0]
	}()
	defer c.server.contain(c)
	if err := c.beginCall(l.body); err != nil {
		return false
	}
	now := time.Now()
	c.lastUsed.Store(now.UnixMilli())
	err := c.commands(now)
	c.countMemory()
	return err == nil && c.in.Buffered() == 0 && c.transaction == nil
}

// reply sends what is to be the next part of the replies.
func (l *lane) reply(kind frameKind, part []byte) {
	l.trunk.out.put(func(queue []byte) []byte { return appendFrame(queue, kind, l.call, part) })
}

// beginCall has the client be as the call says, and its commands be what it has received.
func (c *Client) beginCall(body []byte) error {
	database, proto := int(body[0]), int(body[1])
	if database >= databaseCount || proto != 2 && proto != 3 {
		return errSyntax
	}
	c.database, c.out.Proto = database, proto
	c.proto.Store(int32(proto))
	if c.limits != c.server.limits() {
		c.limitParser()
	}
	c.in.Reset(body[callHead:])
	return nil
}

// refuseCall replies that the call was not understood, or came to no good end. How far it was done
// is not known.
func (c *Client) refuseCall() {
	text := errUnknown
	if c.out.Overflowed {
		text = errReplyTooLong
	}
	c.out.Error(string(text))
}

// laneConn is the connection of a lane's client. What the client sends are parts of its replies,
// and it receives nothing.
type laneConn struct {
	net.Conn // blocks who reads until that has its time
	lane     *lane
}

func newLaneConn(l *lane) laneConn {
	conn, _ := net.Pipe()
	return laneConn{conn, l}
}

// Write implements net.Conn.
func (c laneConn) Write(part []byte) (int, error) {
	c.lane.reply(framePiece, part)
	return len(part), nil
}

// SetWriteDeadline implements net.Conn: no write waits.
func (c laneConn) SetWriteDeadline(time.Time) error { return nil }

// RemoteAddr implements net.Conn.
func (c laneConn) RemoteAddr() net.Addr { return c.lane.trunk.conn.RemoteAddr() }

// LocalAddr implements net.Conn.
func (c laneConn) LocalAddr() net.Addr { return c.lane.trunk.conn.LocalAddr() }
