// Package eventloop serves many sockets from few goroutines, as long as none of them has
// to wait.
//
// A goroutine for each connection costs, for each request, a wake-up by the scheduler and
// a read that finds nothing. Here a connection that waits for its client is parked: it has
// no goroutine. A loop, one goroutine with an epoll of its own, finds out which of its
// connections can be read and calls their handlers one after the other.
//
// A handler need not know beforehand whether it will wait. The role of running the loop is
// what moves, not the handler (leader and followers, after Schmidt et al., "Leader/Followers",
// 2000): where a handler is about to wait, the connection becomes its goroutine's own, and
// another goroutine goes on with the loop. Write does that when the socket is full; a
// handler does it itself with Own, before whatever else may take long; and a watchdog does
// it for a handler that is found to be stuck. A connection that is its goroutine's own
// behaves as any net.Conn, and may be parked again when its goroutine would wait to read.
//
// It takes Linux; elsewhere New fails with errors.ErrUnsupported, and a goroutine for each
// connection has to do.
package eventloop

import "errors"

// ErrParked is what Read returns instead of waiting: who reads is to return, and the loop
// calls the connection's handler when there is something to read.
var ErrParked = errors.New("eventloop: nothing to read; the loop calls the handler when there is")
