package redis

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/server/clientmemory"
)

// sink writes to a connection, for the goroutine that serves it and for others that
// publish to it. What others send waits in a queue of bounded length, which a goroutine
// of its own empties, so that nobody waits for a slow reader; one who lets it fill is cut
// off.
//
// What is pushed is sent before the replies that are written after it. From hold on, it
// is sent after the next replies: so a subscriber is told that it is one before it gets
// a message.
type sink struct {
	conn     net.Conn
	limits   func() *Limits   // of the moment
	traffic  *trafficShard    // set before the first use; nil counts nothing
	cut      func(why string) // is told if the client is cut off; set before the first use, may be nil
	over     func()           // is told if the queue has grown while clients take too much memory; likewise
	writing  sync.Mutex       // of the connection and what follows; taken before mu
	deadline time.Time        // of writing
	pushed   time.Time        // when the last of the queue was sent
	spare    []byte           // a buffer that was sent

	mu      sync.Mutex // of what follows
	queue   []byte
	share   clientmemory.Share // of the queue and what is on its way
	sending int                // bytes that were taken from the queue and are on their way
	held    bool               // what is queued waits for replies
	closed  bool
	drained chan struct{} // closed when the goroutine has ended; nil if there is none

	wake chan struct{} // has room for one
}

// keepQueue is how large a buffer of the queue may be that is kept.
const keepQueue = 4 << 10

// sendPiece is how many bytes are written at once.
const sendPiece = 1 << 20

func newSink(conn net.Conn, limits func() *Limits) *sink {
	return &sink{conn: conn, limits: limits, wake: make(chan struct{}, 1)}
}

// write sends replies, and ends a hold. What was pushed before is sent first. now is the
// time, or shortly before.
func (s *sink) write(replies []byte, now time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	held, err := s.sendQueue()
	if err != nil {
		return err
	}
	if s.pushed.After(now) { // which had to be waited for
		now = s.pushed
	}
	if err := s.send(replies, now); err != nil {
		return err
	}
	if held {
		s.release()
	}
	return nil
}

// hold has what is pushed from now on wait for the next replies.
func (s *sink) hold() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	earlier := s.take()
	s.held = true
	s.mu.Unlock()
	return s.sendTaken(earlier)
}

// release lets what was held be sent.
func (s *sink) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = false
	if len(s.queue) > 0 {
		s.signal()
	}
}

// push queues a message of somebody else. It does not wait.
func (s *sink) push(message []byte) {
	if s.enqueue(message) && s.over != nil {
		s.over()
	}
}

// enqueue is push, and tells whether clients take too much memory by it.
func (s *sink) enqueue(message []byte) (isOver bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if len(s.queue)+s.sending+len(message) > s.limits().OutputBuffer {
		s.shut()
		s.tellCut("more waits for it than client-output-buffer allows")
		go s.conn.Close() // which may wait, if it is encrypted
		return false
	}
	s.queue = append(s.queue, message...)
	if s.drained == nil {
		s.drained = make(chan struct{})
		go s.drain()
	}
	s.signal()
	return s.share.Set(int64(cap(s.queue) + s.sending))
}

// signal has the goroutine look at the queue. It is called with mu.
func (s *sink) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// drain sends what is pushed, until the sink is closed.
func (s *sink) drain() {
	defer close(s.drained)
	for range s.wake {
		s.writing.Lock()
		_, err := s.sendQueue()
		s.writing.Unlock()
		if err != nil {
			s.conn.Close()
		}
		if s.isClosed() {
			return
		}
	}
}

// sendQueue sends what was pushed, unless it is held, and tells whether it is. It is
// called by who is writing, and only such a one changes that.
func (s *sink) sendQueue() (held bool, err error) {
	s.mu.Lock()
	var queue []byte
	if held = s.held; !held {
		queue = s.take()
	}
	s.mu.Unlock()
	return held, s.sendTaken(queue)
}

// take empties the queue. It is called with both locks.
func (s *sink) take() []byte {
	if len(s.queue) == 0 {
		return nil
	}
	queue := s.queue
	s.queue, s.spare = s.spare[:0], nil
	s.sending = len(queue)
	return queue
}

// sendTaken sends what was taken. It is called by who is writing.
func (s *sink) sendTaken(queue []byte) error {
	if len(queue) == 0 {
		return nil
	}
	err := s.send(queue, time.Now())
	s.pushed = time.Now()
	if cap(queue) <= keepQueue {
		s.spare = queue
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = 0
	s.share.Set(int64(cap(s.queue)))
	return err
}

// send writes to the connection. Each piece has the time for writing to itself, so that a
// long reply reaches one who reads slowly, but does read.
func (s *sink) send(bytes []byte, now time.Time) error {
	for len(bytes) > 0 {
		if err := s.extendDeadline(now); err != nil {
			return err
		}
		n, err := s.conn.Write(bytes[:min(len(bytes), sendPiece)])
		if s.traffic != nil {
			s.traffic.sent.Add(int64(n))
			s.traffic.writes.Add(1)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.tellCut("it takes nothing of what it is sent")
		}
		if err != nil {
			return err
		}
		if bytes = bytes[n:]; len(bytes) > 0 {
			now = time.Now()
		}
	}
	return nil
}

func (s *sink) tellCut(why string) {
	if s.cut != nil {
		s.cut(why)
	}
}

// waiting is how many bytes wait to be sent.
func (s *sink) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) + s.sending
}

// extendDeadline gives the client at least three quarters of the time to take what is
// sent now. To set a deadline costs about as much as to look up a key, so it is not set
// for each reply.
func (s *sink) extendDeadline(now time.Time) error {
	timeout := s.limits().WriteTimeout
	if s.deadline.Sub(now) >= timeout/4*3 {
		return nil
	}
	s.deadline = now.Add(timeout)
	return s.conn.SetWriteDeadline(s.deadline)
}

func (s *sink) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// shut drops what waits, and takes nothing more. It is called with mu.
func (s *sink) shut() {
	s.closed = true
	s.queue = nil
	s.share.Release()
	s.signal()
}

// close closes the connection, and returns when the goroutine has ended.
func (s *sink) close() {
	s.mu.Lock()
	s.shut()
	drained := s.drained
	s.mu.Unlock()
	s.conn.Close()
	if drained != nil {
		<-drained
	}
}
