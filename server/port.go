package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/internal/eventloop"
	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// sniffTimeout is how long a client may take for the handshake of TLS, and from its first
// byte on to send what tells its protocol.
const sniffTimeout = 10 * time.Second

// mostSilent is how many connections of a port may be silent for as long as they like, as
// those that a pool keeps ready are. While there are more, sniffTimeout is also the time to
// the first byte.
const mostSilent = 10_000

// port hands the connections of a listener to those who speak their protocols.
type port struct {
	listener net.Listener
	http     *handed
	redis    func(net.Conn)   // nil: everything is HTTP
	only     protocol         // of all connections; protocolUnknown: it is told by their first bytes
	tls      *tls.Config      // nil: connections are not encrypted
	given    *connections     // to the protocols
	loops    *eventloop.Group // of those of Redis; nil: each has a goroutine of its own
	log      *loglimit.Logger

	mu      sync.Mutex
	waiting map[net.Conn]struct{} // that are being prepared
	closed  bool
}

// serve accepts connections until the listener is closed.
func (p *port) serve() error {
	pause := time.Duration(0)
	for {
		conn, err := p.listener.Accept()
		if err == nil {
			pause = 0
			go p.hand(conn)
			continue
		}
		if !isTemporary(err) {
			return err
		}
		// As when the process has no file descriptors left: connections end.
		p.log.Warn("connections cannot be accepted for now", "address", p.listener.Addr().String(), "error", err.Error())
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		time.Sleep(pause)
	}
}

// isTemporary tells whether Accept may succeed later.
func isTemporary(err error) bool {
	var temporary interface{ Temporary() bool }
	return !errors.Is(err, net.ErrClosed) && errors.As(err, &temporary) && temporary.Temporary()
}

// hand gives one connection to whom it is for.
func (p *port) hand(conn net.Conn) {
	others, ok := p.begin(conn)
	if !ok {
		conn.Close()
		return
	}
	found, ready, err := p.prepare(conn, others < mostSilent)
	if ended := p.end(conn); err != nil || ended {
		conn.Close()
		if !ended && !errors.Is(err, io.EOF) {
			p.log.Info("a connection ended before it told its protocol", "client", loglimit.Client(conn.RemoteAddr()), "error", err.Error())
		}
		return
	}
	if found == protocolRedis && p.redis != nil {
		p.redis(p.given.track(p.adopt(ready)))
		return
	}
	p.http.give(p.given.track(ready))
}

// adopt has the event loops watch a connection, if they can.
func (p *port) adopt(conn net.Conn) net.Conn {
	if p.loops == nil {
		return conn
	}
	inner := &conn
	if r, ok := conn.(*replayed); ok {
		inner = &r.Conn
	}
	adopted, err := p.loops.Adopt(*inner)
	if err != nil {
		p.log.Warn("a connection is served without an event loop", "client", loglimit.Client(conn.RemoteAddr()), "error", err.Error())
	}
	*inner = adopted
	return conn
}

// prepare sees to the encryption, and tells the protocol.
func (p *port) prepare(conn net.Conn, mayBeSilent bool) (protocol, net.Conn, error) {
	if p.tls != nil {
		deadline := time.Now().Add(sniffTimeout)
		encrypted := tls.Server(conn, p.tls)
		if err := encrypted.SetDeadline(deadline); err != nil {
			return protocolUnknown, conn, err
		}
		if err := encrypted.Handshake(); err != nil {
			return protocolUnknown, conn, err
		}
		if err := encrypted.SetDeadline(time.Time{}); err != nil {
			return protocolUnknown, conn, err
		}
		conn = encrypted
	}
	if p.only != protocolUnknown {
		return p.only, conn, nil
	}
	return sniffConn(conn, sniffTimeout, mayBeSilent)
}

// begin and end note a connection that is being prepared, so that close finds it. begin
// tells how many others there are.
func (p *port) begin(conn net.Conn) (others int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, false
	}
	others = len(p.waiting)
	p.waiting[conn] = struct{}{}
	return others, true
}

func (p *port) end(conn net.Conn) (closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, conn)
	return p.closed
}

// close takes no new connections, and drops those that have not said what they want.
func (p *port) close() {
	p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for conn := range p.waiting {
		conn.Close()
	}
}

// handed is a listener of connections that others have accepted.
type handed struct {
	address net.Addr
	conns   chan net.Conn
	done    chan struct{}
	once    sync.Once
}

func newHanded(address net.Addr) *handed {
	return &handed{address: address, conns: make(chan net.Conn), done: make(chan struct{})}
}

// give waits until the connection is accepted, or the listener closed.
func (h *handed) give(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.done:
		conn.Close()
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handed) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return h.address }
