package redis

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// peers are the other nodes, by their addresses for nodes.
type peers struct {
	dial func(ctx context.Context, address string) (net.Conn, error)

	mu        sync.Mutex
	byAddress map[string]*peer
}

// Bounds of the connections to one peer: of all, and of those that wait to be used again.
const (
	mostPeerConns = 512
	mostIdleConns = 64
)

// peer is another node. A connection to it serves one call at a time, so that what waits
// for consensus there holds up nobody else's command; it is used again afterwards.
type peer struct {
	peers     *peers
	address   string
	places    chan struct{} // one for each connection that is in use
	published publisher

	mu   sync.Mutex
	idle []*peerConn
}

// peerConn is a connection to a peer, which has a state there as any client's.
type peerConn struct {
	net.Conn
	in       *bufio.Reader
	database int // unknownDatabase: it has to be selected
	proto    int
	used     time.Time
}

const unknownDatabase = -1

// call is what is sent to a peer, and what comes back.
type call struct {
	database, proto int
	commands        []byte // in the form in which clients send them
	replies         int    // how many come, of which the last one counts
	selects         bool   // the commands may select another database
	limit           int    // of the reply, with what it is appended to
	// waitsFor tells, now and then, whether an answer is still to be waited for.
	waitsFor func() bool
}

// errUnsent says that a call has certainly not begun at the peer.
var errUnsent = errors.New("redis: the peer was not reached")

// errUnanswered says that a peer has not answered: what it has done is not known.
var errUnanswered = errors.New("redis: the peer has not answered")

// Durations of what a peer may let others wait for.
const (
	dialTimeout  = time.Second
	sendTimeout  = 10 * time.Second
	answerPause  = 500 * time.Millisecond // between two questions of waitsFor
	surelyAlive  = 100 * time.Millisecond
	lookTime     = 100 * time.Microsecond // for a look whether a connection has ended
	answerPieces = 10 * time.Second       // between two pieces of a reply that has begun
)

// dialPeer is how a peer is reached unless the configuration says otherwise.
func dialPeer(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// at is the peer of an address.
func (s *peers) at(address string) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byAddress == nil {
		s.byAddress = map[string]*peer{}
	}
	p := s.byAddress[address]
	if p == nil {
		p = &peer{peers: s, address: address, places: make(chan struct{}, mostPeerConns)}
		s.byAddress[address] = p
	}
	return p
}

// close closes the connections that nobody uses.
func (s *peers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.byAddress {
		p.dropIdle()
	}
}

// exchange sends commands and appends the reply to the last one to dst. The error is
// errUnsent or errUnanswered, or tells of a reply that is too long.
func (p *peer) exchange(ctx context.Context, dst []byte, x *call) ([]byte, error) {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
		return dst, errUnsent
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return dst, errors.Join(errUnsent, err)
	}
	begin := len(dst)
	dst, err = conn.exchange(dst, x)
	if err != nil {
		conn.Close()
		if !errors.Is(err, resp.ErrReplyTooLong) {
			p.dropIdle() // which have hardly fared better
			err = errors.Join(errUnanswered, err)
		}
		return dst[:begin], err
	}
	p.put(conn)
	return dst, nil
}

// connect is an idle connection that is still there, or a new one.
func (p *peer) connect(ctx context.Context) (*peerConn, error) {
	for conn := p.takeIdle(); conn != nil; conn = p.takeIdle() {
		if conn.isAlive() {
			return conn, nil
		}
		conn.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := p.peers.dial(ctx, p.address)
	if err != nil {
		return nil, err
	}
	return &peerConn{Conn: conn, in: bufio.NewReader(conn), proto: 2}, nil
}

func (p *peer) takeIdle() *peerConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	conn := p.idle[last]
	p.idle[last], p.idle = nil, p.idle[:last]
	return conn
}

// put keeps a connection for the next call.
func (p *peer) put(conn *peerConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == mostIdleConns {
		conn.Close()
		return
	}
	conn.used = time.Now()
	p.idle = append(p.idle, conn)
}

func (p *peer) dropIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.idle {
		conn.Close()
	}
	p.idle = nil
}

// isAlive tells whether the connection is as it was left: the peer says nothing unasked, so
// if there is anything to be read, it has ended. One that was used just now is not looked at,
// since that takes some time.
func (c *peerConn) isAlive() bool {
	now := time.Now()
	if now.Sub(c.used) < surelyAlive {
		return true
	}
	if c.SetReadDeadline(now.Add(lookTime)) != nil {
		return false
	}
	_, err := c.in.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func (c *peerConn) exchange(dst []byte, x *call) ([]byte, error) {
	var before []byte
	skip := x.replies - 1
	if x.proto != c.proto {
		before = resp.AppendCommand(before, []byte("HELLO"), strconv.AppendInt(nil, int64(x.proto), 10))
		c.proto = x.proto
		skip++
	}
	if x.database != c.database {
		before = resp.AppendCommand(before, []byte("SELECT"), strconv.AppendInt(nil, int64(x.database), 10))
		c.database = x.database
		skip++
	}
	if x.selects {
		c.database = unknownDatabase
	}
	if err := c.SetDeadline(time.Now().Add(sendTimeout)); err != nil {
		return dst, err
	}
	pieces := net.Buffers{before, x.commands}
	if _, err := pieces.WriteTo(c.Conn); err != nil {
		return dst, err
	}
	begin := len(dst)
	for range skip + 1 {
		if err := c.await(x); err != nil {
			return dst, err
		}
		var err error
		if dst, err = resp.AppendReply(dst[:begin], c.in, x.limit); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// await waits until a reply begins.
func (c *peerConn) await(x *call) error {
	for c.in.Buffered() == 0 {
		if err := c.SetReadDeadline(time.Now().Add(answerPause)); err != nil {
			return err
		}
		_, err := c.in.Peek(1)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && x.waitsFor():
		default:
			return err
		}
	}
	return c.SetReadDeadline(time.Now().Add(answerPieces))
}
