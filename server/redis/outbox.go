package redis

import (
	"net"
	"sync"
	"time"
)

// outbox writes to a connection what many goroutines put into it: what gathers while one write is
// under way is the next one.
type outbox struct {
	conn    net.Conn
	timeout time.Duration // of a write

	mu     sync.Mutex // of what follows
	queue  []byte
	spare  []byte // a buffer that was written
	closed bool
	wake   chan struct{} // has room for one
	ended  chan struct{} // closed when nothing is written any more
}

// keepOutbox is how large a buffer may be that is kept.
const keepOutbox = 1 << 20

func newOutbox(conn net.Conn, timeout time.Duration) *outbox {
	o := &outbox{conn: conn, timeout: timeout, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go o.run()
	return o
}

// put has add append to what is to be written, unless the outbox is closed.
func (o *outbox) put(add func(queue []byte) []byte) bool {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return false
	}
	o.queue = add(o.queue)
	o.mu.Unlock()
	o.signal()
	return true
}

// close has nothing more be taken, and what was taken be written. It does not wait.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run writes until the outbox is closed and empty, or a write fails, which closes the connection.
func (o *outbox) run() {
	defer close(o.ended)
	var deadline time.Time
	for range o.wake {
		for {
			bytes, closed := o.take()
			if len(bytes) == 0 {
				if closed {
					return
				}
				break
			}
			if now := time.Now(); deadline.Sub(now) < o.timeout/2 {
				deadline = now.Add(o.timeout)
				if o.conn.SetWriteDeadline(deadline) != nil {
					o.fail()
					return
				}
			}
			if _, err := o.conn.Write(bytes); err != nil {
				o.fail()
				return
			}
			o.giveBack(bytes)
		}
	}
}

// fail ends the outbox, and the connection, whose reader finds that.
func (o *outbox) fail() {
	o.close()
	o.conn.Close()
}

func (o *outbox) take() (bytes []byte, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	bytes = o.queue
	o.queue, o.spare = o.spare[:0], nil
	return bytes, o.closed
}

func (o *outbox) giveBack(bytes []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cap(bytes) <= keepOutbox && cap(o.queue) <= cap(bytes) && len(o.queue) == 0 {
		o.queue = bytes[:0]
	} else if cap(bytes) <= keepOutbox {
		o.spare = bytes
	}
}
