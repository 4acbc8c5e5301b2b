//go:build linux && (amd64 || arm64)

package eventloop

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is a socket that a loop watches. It is a net.Conn for the goroutine whose own it
// is; in a handler, and after MayPark, Read returns ErrParked instead of waiting. At most
// one goroutine may read at a time, and one write. Another one than that which reads may
// write only while the connection is the own of that and may not be parked.
type Conn struct {
	loop          *loop
	event         syscall.EpollEvent // that it is registered with
	fd            int
	local, remote net.Addr
	handler       func() // set before it may be parked

	mu      sync.Mutex // of what follows
	changed sync.Cond  // a waiter is to look again at what follows
	state   state
	mayPark bool // where its own goroutine would wait to read
	// due says that the handler is to be called whether or not there is anything to read.
	due bool
	// ready says that reading may find something: an edge came since the last read began,
	// or that read was filled to the brim.
	ready bool
	// ended says that the other end sends nothing more. No edge comes after the one that told
	// of it, though a read before it may find less than there was room for.
	ended    bool
	writable bool // an edge came since the last write found no room
	reads    int  // of the handler that is being called
	users    int  // system calls and holds under way, during which the descriptor stays
	closed   bool
	// The deadlines; none is the zero time.
	readDeadline, writeDeadline time.Time
	readTimer                   *time.Timer
}

// state is who may use a connection.
type state int

const (
	own    state = iota // a goroutine
	parked              // nobody, until the loop calls the handler
	called              // the handler, in the loop's goroutine
	held                // whoever is to release it
)

// mostReads is how often a handler reads before others have their turn.
const mostReads = 4

func newConn(fd int, local, remote net.Addr) *Conn {
	c := &Conn{fd: fd, local: local, remote: remote, ready: true}
	c.changed.L = &c.mu
	return c
}

// Of is the connection of this package that conn is or wraps, as NetConn of those around it
// tells; nil if there is none.
func Of(conn net.Conn) *Conn {
	for {
		switch c := conn.(type) {
		case *Conn:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// Handle sets what the loop calls when a parked connection can be read, was closed, or its
// time for reading is over. It is to be called once, before MayPark.
func (c *Conn) Handle(handler func()) { c.handler = handler }

// MayPark has Read park the connection from now on, where it would wait otherwise, until
// Own is called.
func (c *Conn) MayPark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mayPark = c.handler != nil
}

// Own makes the connection that of the calling goroutine, which is the one that reads from
// it: a handler is to call it before it waits for anything.
func (c *Conn) Own() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mayPark = false
	c.own()
}

// HandOver has another goroutine go on with the loop, as Own does, but the connection may still
// be parked. It is for a handler that waits once, and is not expected to the next time.
func (c *Conn) HandOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own()
}

// own is Own, after which the connection may be parked again if it could be before. It is
// called with mu.
func (c *Conn) own() {
	was := c.state
	c.state = own
	if was == called {
		c.loop.succeed()
	}
}

// Hold parks the connection until Release, whatever comes meanwhile, and returns true: who
// called it is to return without touching the connection, as after ErrParked. It returns
// false if the connection may not be parked, or was closed: then its descriptor may be gone.
// It is for a handler that needs something which others fetch for many connections at once.
func (c *Conn) Hold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.state != called && !c.mayPark {
		return false
	}
	c.state = held
	c.users++ // until the handler is called: so the loop does not end before
	return true
}

// Release has the handlers of connections that are held be called, soon, by their loops.
func Release(conns []*Conn) {
	var last *loop
	for _, c := range conns {
		if !c.endHold() {
			continue
		}
		if last != nil && last != c.loop {
			last.lookAround()
		}
		last = c.loop
		last.enqueue(c)
	}
	if last != nil {
		last.lookAround()
	}
}

// ReleaseWhenIdle is Release of a connection that is held, but its loop calls all others first
// that have something to read, if that takes no longer than longestDeferral.
func (c *Conn) ReleaseWhenIdle() { c.loop.release(c) }

// endHold makes a connection that is held a parked one whose handler is due.
func (c *Conn) endHold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != held {
		return false
	}
	c.state, c.due = parked, true
	return true
}

// enter tells whether the handler is to be called. It is called by the leader.
func (c *Conn) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != parked || !c.due && !c.ready && !c.closed && !passed(c.readDeadline) {
		return false
	}
	c.state, c.reads = called, 0
	if c.due {
		c.due = false
		c.leave()
	}
	return true
}

// exit is the end of a call of the handler by the leader of a term. It returns false if
// that is over.
func (c *Conn) exit(term uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A term that a watchdog ends, it ends with mu.
	if c.loop.term.Load() != term {
		return false
	}
	if c.state == called {
		c.state = own // of nobody, as it was closed
	}
	return true
}

// happened notes events, and tells whether the handler is to be called.
func (c *Conn) happened(events uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if events&^syscall.EPOLLOUT != 0 {
		c.ready = true
	}
	if events&(syscall.EPOLLRDHUP|syscall.EPOLLERR|syscall.EPOLLHUP) != 0 {
		c.ended = true
	}
	if events&(syscall.EPOLLOUT|syscall.EPOLLERR|syscall.EPOLLHUP) != 0 {
		c.writable = true
	}
	c.changed.Broadcast()
	if c.state == own {
		c.loop.woke = true // which belongs to the caller
	}
	return c.state == parked && c.ready
}

// Read implements net.Conn. It returns ErrParked if it would wait in a handler, or may park,
// or if others are to have their turn; the caller is not to use the connection any more
// then.
func (c *Conn) Read(dst []byte) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	for {
		if err := c.beginRead(); err != nil {
			return 0, err
		}
		n, errno := read(c.fd, dst)
		c.endRead(errno != syscall.EAGAIN && (errno != 0 || n == len(dst) || n == 0))
		switch {
		case errno == 0 && n == 0:
			return 0, io.EOF
		case errno == 0:
			return n, nil
		case errno != syscall.EAGAIN && errno != syscall.EINTR:
			return 0, c.failed("read", os.NewSyscallError("read", errno))
		}
	}
}

// beginRead waits until something may be there.
func (c *Conn) beginRead() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return c.failed("read", net.ErrClosed)
		case passed(c.readDeadline):
			return c.failed("read", os.ErrDeadlineExceeded)
		case c.state == called && c.ready && c.reads == mostReads:
			c.state = parked
			c.loop.queue = append(c.loop.queue, c) // which belongs to its caller
			return ErrParked
		case !c.ready && (c.state == called || c.mayPark):
			c.state = parked
			return ErrParked
		case c.ready:
			// An edge that comes from here on says that there is more than this read gets.
			c.ready = false
			c.reads++
			c.users++
			return nil
		}
		c.changed.Wait()
	}
}

// endRead is the end of a read, after which there may be more, or an error to be found
// again.
func (c *Conn) endRead(more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = c.ready || more || c.ended
	c.leave()
}

// leave is the end of a system call, or of a hold. It is called with mu.
func (c *Conn) leave() {
	if c.users--; c.users == 0 && c.closed {
		c.release()
	}
}

// Write implements net.Conn. In a handler it makes the connection the goroutine's own
// before it waits.
func (c *Conn) Write(src []byte) (sent int, err error) {
	for sent < len(src) {
		if err := c.beginWrite(); err != nil {
			return sent, err
		}
		n, errno := send(c.fd, src[sent:])
		c.endWrite()
		switch errno {
		case 0:
			sent += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			if err := c.awaitRoom(); err != nil {
				return sent, err
			}
		default:
			return sent, c.failed("write", os.NewSyscallError("write", errno))
		}
	}
	return sent, nil
}

func (c *Conn) beginWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayWrite(); err != nil {
		return err
	}
	c.users++
	return nil
}

func (c *Conn) endWrite() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave()
}

// mayWrite is called with mu.
func (c *Conn) mayWrite() error {
	switch {
	case c.closed:
		return c.failed("write", net.ErrClosed)
	case passed(c.writeDeadline):
		return c.failed("write", os.ErrDeadlineExceeded)
	}
	return nil
}

// awaitRoom waits until the socket takes more, and asks the loop to be told of that
// meanwhile.
func (c *Conn) awaitRoom() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own()
	c.writable = false
	if err := c.watch(writeEdges); err != nil {
		return err
	}
	var alarm *time.Timer
	defer func() {
		if alarm != nil {
			alarm.Stop()
		}
	}()
	for at := (time.Time{}); !c.writable; c.changed.Wait() {
		if err := c.mayWrite(); err != nil {
			return err
		}
		if c.writeDeadline.Equal(at) {
			continue
		}
		if alarm != nil {
			alarm.Stop()
		}
		if at = c.writeDeadline; !at.IsZero() {
			alarm = time.AfterFunc(time.Until(at), c.announce)
		}
	}
	return c.watch(readEdges)
}

// watch changes what the loop is told of. The system tells at once of what is there
// already. It is called with mu.
func (c *Conn) watch(edges uint32) error {
	if err := c.mayWrite(); err != nil {
		return err
	}
	event := c.event
	event.Events = edges
	if err := syscall.EpollCtl(c.loop.epoll, syscall.EPOLL_CTL_MOD, c.fd, &event); err != nil {
		return c.failed("write", os.NewSyscallError("epoll_ctl", err))
	}
	return nil
}

// Close implements net.Conn: who reads or writes is told so, and the handler is called if
// the connection is parked.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.failed("close", net.ErrClosed)
	}
	c.closed = true
	if c.readTimer != nil {
		c.readTimer.Stop()
	}
	c.tell()
	if c.users == 0 {
		c.release()
	}
	return nil
}

// release closes the descriptor. It is called with mu, by the last to use it.
func (c *Conn) release() {
	if c.loop != nil {
		c.loop.remove(c)
	}
	syscall.Close(c.fd)
}

// CloseWrite tells the other end that nothing more is sent.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.failed("close", net.ErrClosed)
	}
	return os.NewSyscallError("shutdown", syscall.Shutdown(c.fd, syscall.SHUT_WR))
}

// announce has all who wait look again.
func (c *Conn) announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell()
}

// tell is announce with mu.
func (c *Conn) tell() {
	c.changed.Broadcast()
	if c.state == parked {
		c.loop.post(c)
	}
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn. The handler of a parked connection is called when
// the time is over.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.failed("set", net.ErrClosed)
	}
	c.readDeadline = t
	if c.readTimer != nil {
		c.readTimer.Stop()
	}
	switch {
	case t.IsZero():
	case passed(t):
		c.tell()
	case c.readTimer == nil:
		c.readTimer = time.AfterFunc(time.Until(t), c.announce)
	default:
		c.readTimer.Reset(time.Until(t))
	}
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.failed("set", net.ErrClosed)
	}
	c.writeDeadline = t
	c.changed.Broadcast()
	return nil
}

// passed tells whether a deadline is over.
func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }

// failed is an error with what it is about, as package net has it.
func (c *Conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: c.remote.Network(), Source: c.local, Addr: c.remote, Err: err}
}
