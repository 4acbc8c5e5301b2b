package redis

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// peers are the other nodes, by their addresses for nodes.
type peers struct {
	dial   func(ctx context.Context, address string) (net.Conn, error)
	number string // of the cluster, empty if it has none

	mu        sync.Mutex
	byAddress map[string]*peer
}

// mostCalls is how many calls may wait for a peer's answer at a time.
const mostCalls = 4096

// peer is another node.
type peer struct {
	peers     *peers
	address   string
	places    chan struct{} // one for each call that is under way
	published publisher
	dialing   singleflight.Group

	mu    sync.Mutex
	trunk *trunk // nil: one is to be dialed
}

// call is what is sent to a peer, and what comes back.
type call struct {
	database, proto int
	commands        []byte // in the form in which clients send them
	replies         int    // how many come, of which the last one counts
	limit           int    // of the reply, with what it is appended to
	// waitsFor tells, now and then, whether an answer is still to be waited for.
	waitsFor func() bool
}

// mostReplied is how many bytes all of its replies may have: those that do not count are short.
func (x *call) mostReplied() int {
	const short = 256
	return x.limit + short*x.replies
}

// errUnsent says that a call has certainly not begun at the peer.
var errUnsent = errors.New("redis: the peer was not reached")

// errUnanswered says that a peer has not answered: what it has done is not known.
var errUnanswered = errors.New("redis: the peer has not answered")

// Durations of what a peer may let others wait for.
const (
	dialTimeout = time.Second
	sendTimeout = 10 * time.Second
	answerPause = 500 * time.Millisecond // between two questions of waitsFor
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
		p = &peer{peers: s, address: address, places: make(chan struct{}, mostCalls)}
		s.byAddress[address] = p
	}
	return p
}

// close closes the connections once nothing is under way on them.
func (s *peers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.byAddress {
		p.retire()
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
	t, err := p.connect(ctx)
	if err != nil {
		return dst, errors.Join(errUnsent, err)
	}
	return t.do(dst, x)
}

// connect is the trunk to the peer. All who need a new one wait for the same.
func (p *peer) connect(ctx context.Context) (*trunk, error) {
	if t := p.present(); t != nil {
		return t, nil
	}
	t, err, _ := p.dialing.Do("", func() (any, error) {
		if t := p.present(); t != nil {
			return t, nil
		}
		return p.dial(ctx)
	})
	if err != nil {
		return nil, err
	}
	return t.(*trunk), nil
}

// present is the trunk that takes calls, nil if there is none.
func (p *peer) present() *trunk {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trunk != nil && p.trunk.isRetired() {
		p.trunk = nil
	}
	return p.trunk
}

func (p *peer) dial(ctx context.Context) (*trunk, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := p.peers.dial(ctx, p.address)
	if err != nil {
		return nil, err
	}
	t := newTrunk(conn, p.peers.number)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trunk = t
	return t, nil
}

// retire has no more calls begin on the trunk that there is.
func (p *peer) retire() {
	if t := p.present(); t != nil {
		t.retire()
	}
}
