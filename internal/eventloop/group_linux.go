//go:build linux && (amd64 || arm64)

package eventloop

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// Group is a number of loops that share connections out among themselves. Its methods may
// be called from any number of goroutines.
type Group struct {
	loops    []*loop
	next     atomic.Uint32
	watchdog *watchdog
	closing  sync.Once
}

// New makes a group of n loops, one at least. They take no time while nothing comes.
func New(n int) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("cannot make %d event loops: one is the least", n)
	}
	g := &Group{}
	g.watchdog = newWatchdog(g)
	for range n {
		l, err := newLoop(g.watchdog)
		if err != nil {
			g.Close()
			return nil, fmt.Errorf("cannot make an event loop: %w", err)
		}
		g.loops = append(g.loops, l)
		go l.run(l.term.Load())
	}
	go g.watchdog.run()
	return g, nil
}

// Close ends the loops, each when its last connection is closed.
func (g *Group) Close() {
	g.closing.Do(func() {
		g.watchdog.close()
		for _, l := range g.loops {
			l.close()
		}
	})
}

// Adopt takes the socket of a connection over, from which the runtime's poller no longer
// hears then. The connection that it returns belongs to the calling goroutine until it is
// parked; the one given is closed. One that is no plain TCP or Unix socket, such as an
// encrypted one, is returned as it is, and so is one that cannot be taken over, with the
// error.
func (g *Group) Adopt(conn net.Conn) (net.Conn, error) {
	var socket syscall.Conn
	switch c := conn.(type) {
	case *net.TCPConn:
		socket = c
	case *net.UnixConn:
		socket = c
	default:
		return conn, nil
	}
	fd, err := duplicate(socket)
	if err != nil {
		return conn, fmt.Errorf("cannot take a socket over: %w", err)
	}
	c := newConn(fd, conn.LocalAddr(), conn.RemoteAddr())
	l := g.loops[int(g.next.Add(1))%len(g.loops)]
	if err := l.add(c); err != nil {
		c.Close()
		return conn, fmt.Errorf("cannot watch a socket: %w", err)
	}
	conn.Close() // which has the runtime's poller forget its own descriptor
	return c, nil
}

// duplicate is a copy of a connection's descriptor.
func duplicate(conn syscall.Conn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := raw.Control(func(of uintptr) { fd, err = dupCloexec(int(of)) })
	if failed != nil {
		return -1, failed
	}
	if err != nil {
		return -1, err
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}
