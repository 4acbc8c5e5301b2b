package redis

import (
	"net"
	"sync"
	"time"
)

// sink writes to a connection, for the goroutine that serves it and for others that
// publish to it. What others send waits in a queue of bounded length, which a goroutine
// of its own empties, so that nobody waits for a slow reader; one who lets it fill is cut
// off.
type sink struct {
	conn    net.Conn
	limits  func() *Limits // of the moment
	traffic *trafficShard  // set before the first use
	writing sync.Mutex     // of the connection

	mu      sync.Mutex // of what follows
	queue   []byte
	started bool
	closed  bool
	wake    chan struct{}
}

func newSink(conn net.Conn, limits func() *Limits) *sink {
	return &sink{conn: conn, limits: limits, wake: make(chan struct{}, 1)}
}

// write sends replies. What was pushed before is sent first.
func (s *sink) write(replies []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.send(s.take()); err != nil {
		return err
	}
	return s.send(replies)
}

// push queues a message of somebody else. It does not wait.
func (s *sink) push(message []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if len(s.queue)+len(message) > s.limits().OutputBuffer {
		s.closed = true
		s.conn.Close()
		return
	}
	s.queue = append(s.queue, message...)
	if !s.started {
		s.started = true
		go s.drain()
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// drain sends what is pushed, until the sink is closed.
func (s *sink) drain() {
	for range s.wake {
		s.writing.Lock()
		err := s.send(s.take())
		s.writing.Unlock()
		if err != nil {
			s.conn.Close()
		}
	}
}

// take is what was pushed and not sent.
func (s *sink) take() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.queue
	s.queue = nil
	return queue
}

func (s *sink) send(bytes []byte) error {
	if len(bytes) == 0 {
		return nil
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.limits().WriteTimeout)); err != nil {
		return err
	}
	n, err := s.conn.Write(bytes)
	if s.traffic != nil {
		s.traffic.sent.Add(int64(n))
		s.traffic.writes.Add(1)
	}
	return err
}

// queued is how many bytes wait to be sent.
func (s *sink) queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// close closes the connection and ends the goroutine.
func (s *sink) close() {
	s.conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.queue = nil
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
}
