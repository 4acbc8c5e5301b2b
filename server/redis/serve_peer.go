package redis

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"
)

// servedTrunk is a trunk as the node has it that is called. Each call is answered on a lane of its
// own, so that what waits for consensus holds up nobody else's.
type servedTrunk struct {
	server *Server
	conn   net.Conn
	out    *outbox

	lanes sync.WaitGroup
	mu    sync.Mutex // of what follows
	idle  []*lane    // the one that was used last comes last
	ended bool       // no lane is to wait for another call
}

// keptLanes is how many lanes of a trunk wait for the next call.
const keptLanes = 64

// ServePeer answers a connection of another node of the cluster until it ends, and closes it.
// It has all rights: who may connect is for the caller to see to. What it asks for is
// executed here or not at all, and never passed on.
func (s *Server) ServePeer(conn net.Conn) {
	s.serving.Add(1)
	defer s.serving.Done()
	defer conn.Close()
	in := bufio.NewReaderSize(conn, trunkBuffer)
	if err := greet(conn, in, s.routing.peers.number); err != nil {
		s.limited.Warn("a node's connection was cut off", "address", conn.RemoteAddr().String(), "error", err.Error())
		return
	}
	t := &servedTrunk{server: s, conn: conn, out: newOutbox(conn, sendTimeout)}
	s.trunks.Store(t, nil)
	defer s.trunks.Delete(t)
	if s.ending.Load() { // and may not have seen it
		t.bid()
	}
	s.rates.begin(s)
	defer s.rates.end()
	if err := t.serve(in); err != nil {
		s.limited.Warn("a node's connection was cut off", "address", conn.RemoteAddr().String(), "error", err.Error())
	}
	t.end()
}

// serve takes calls in until the connection ends. The error is of a peer that sends what makes
// no sense.
func (t *servedTrunk) serve(in *bufio.Reader) error {
	for {
		f, err := readFrame(in)
		switch {
		case err != nil:
			return nil // it has ended, in whatever way
		case f.kind != frameCall || f.length < callHead:
			return fmt.Errorf("a frame of kind %d and %d bytes", f.kind, f.length)
		case t.server.ending.Load():
			t.out.put(func(queue []byte) []byte { return appendFrame(queue, frameRefused, f.call) })
			if f.skipBody(in) != nil {
				return nil
			}
			continue
		}
		l := t.lane()
		if l.body, err = f.readBody(in, l.body[:0]); err != nil {
			close(l.calls)
			return nil
		}
		l.calls <- f.call
	}
}

// bid tells the peer that no more calls are taken. Then it ends the connection when all are
// answered, or it is ended after a while.
func (t *servedTrunk) bid() {
	t.out.put(func(queue []byte) []byte { return appendFrame(queue, frameRefused, 0) })
	_ = t.conn.SetReadDeadline(time.Now().Add(lingerTime))
}

// end lets the calls that are under way be answered, and ends the lanes.
func (t *servedTrunk) end() {
	t.mu.Lock()
	idle := t.idle
	t.idle, t.ended = nil, true
	t.mu.Unlock()
	for _, l := range idle {
		close(l.calls)
	}
	t.lanes.Wait()
	t.out.close()
	<-t.out.ended
}

func (s *Server) eachTrunk(do func(*servedTrunk)) {
	s.trunks.Range(func(t, _ any) bool {
		do(t.(*servedTrunk))
		return true
	})
}
