package transport

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/lni/dragonboat/v4/raftpb"
)

const (
	// writeWithin is how long a part of a batch may take to be handed to the system.
	writeWithin = 5 * time.Second
	// sendPatience is how long what is to be sent waits for a connection that is being made: for
	// longer it would keep up what comes after it, and be out of date itself.
	sendPatience = 50 * time.Millisecond
)

// link sends messages to another host, by a connection that is made again whenever it breaks. It
// implements raftio.IConnection; its methods are called by one goroutine.
type link struct {
	transport *transport
	peer      *peer
	stop      context.Context // over when the link is closed
	end       context.CancelFunc
	writer    frameWriter // of SendMessageBatch

	mu      sync.Mutex // of what follows
	conn    net.Conn   // nil: there is none
	attempt *attempt   // to make one; nil: there is none
	failed  time.Time  // when the last one failed
}

// attempt is one to make a connection.
type attempt struct {
	began time.Time
	over  chan struct{}
}

// SendMessageBatch implements raftio.IConnection. It has no error but that of a batch that cannot
// be written down: then Dragonboat would send nothing to that host for a while.
func (l *link) SendMessageBatch(batch raftpb.MessageBatch) error {
	conn := l.connected()
	if conn == nil {
		return nil
	}
	frame, err := l.writer.frame(batchFrame, batch.SizeUpperLimit(), batch.MarshalTo)
	if err != nil {
		return err
	}
	if write(conn, frame, writeWithin) != nil {
		conn.Close() // which watch sees
	}
	return nil
}

// Close implements raftio.IConnection.
func (l *link) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
	if l.conn != nil {
		l.conn.Close()
	}
}

// connected is the connection, nil if none comes about soon.
func (l *link) connected() net.Conn {
	l.mu.Lock()
	if l.conn == nil && time.Since(l.failed) >= redialAfter {
		l.connect()
	}
	conn, attempt := l.conn, l.attempt
	l.mu.Unlock()
	if attempt == nil {
		return conn
	}
	select {
	case <-attempt.over:
	case <-time.After(sendPatience - time.Since(attempt.began)):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn
}

// connect begins to make a connection, unless that has begun or the link is closed. mu is held.
func (l *link) connect() {
	if l.attempt != nil || l.stop.Err() != nil {
		return
	}
	a := &attempt{began: time.Now(), over: make(chan struct{})}
	l.attempt = a
	l.transport.work.Go(func() {
		conn, err := l.transport.dial(l.stop, l.peer.address, messageSilence)
		if l.take(conn, err) {
			l.watch(conn)
		}
	})
}

// take ends an attempt, and tells whether there is a connection now.
func (l *link) take(conn net.Conn, err error) bool {
	if l.stop.Err() == nil && l.peer.note(err) {
		l.transport.logger.Info("nobody listens at the address of a node any more", "address", l.peer.address)
		l.transport.gone(l.peer.address)
	}
	isToTell := errors.Is(err, errRefused) && l.peer.isToTell()
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.attempt.over)
	l.attempt = nil
	switch {
	case isToTell:
		l.failed = time.Now()
		l.transport.limited.Warn("a node cannot be connected to", "address", l.peer.address, "error", err.Error())
		return false
	case err != nil:
		l.failed = time.Now()
		l.transport.logger.Debug("a node cannot be connected to", "address", l.peer.address, "error", err.Error())
		return false
	case l.stop.Err() != nil:
		conn.Close()
		return false
	}
	l.conn = conn
	return true
}

// watch waits until a connection breaks, and has another one be made. The other side sends nothing
// over it.
func (l *link) watch(conn net.Conn) {
	var b [1]byte
	conn.Read(b[:])
	conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = nil
	l.connect()
}
