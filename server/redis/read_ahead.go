package redis

import (
	"errors"
	"os"
	"time"
)

// mostReadAhead is how many bytes are read of a client while a command of it waits. One
// that has sent more is not noticed to have gone before the command goes on.
const mostReadAhead = 16 << 10

// readAhead reads what a client sends while a command of it waits, since only who reads
// notices that the other end has gone. What came is read by the client's goroutine
// afterwards, as if it came then.
type readAhead struct {
	client *Client
	gone   chan struct{} // closed when the connection has ended
	ended  chan struct{} // closed when nothing reads any more
	came   []byte        // belongs to who reads until then
}

// readAhead begins to read.
func (c *Client) readAhead() *readAhead {
	a := &readAhead{client: c, gone: make(chan struct{}), ended: make(chan struct{})}
	// The time to be idle passes only when the client has its reply.
	_ = c.conn.SetReadDeadline(time.Time{})
	go a.read(mostReadAhead - len(c.ahead))
	return a
}

func (a *readAhead) read(most int) {
	defer close(a.ended)
	if most <= 0 {
		return
	}
	buf := make([]byte, most)
	for len(a.came) < most {
		n, err := a.client.conn.Read(buf[len(a.came):])
		a.came = buf[:len(a.came)+n]
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil {
			close(a.gone)
			return
		}
	}
}

// stop ends the reading. The connection has no deadline then, and the client's goroutine,
// which calls this, sets one before it reads.
func (a *readAhead) stop() {
	c := a.client
	_ = c.conn.SetReadDeadline(time.Unix(1, 0))
	<-a.ended
	_ = c.conn.SetReadDeadline(time.Time{})
	c.deadline, c.idle = time.Time{}, 0
	c.ahead = append(c.ahead, a.came...)
}

// read is what the client has sent.
func (c *Client) read(dst []byte) (int, error) {
	if len(c.ahead) == 0 {
		return c.conn.Read(dst)
	}
	n := copy(dst, c.ahead)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		c.ahead = nil
	}
	return n, nil
}
