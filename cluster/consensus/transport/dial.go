package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// connectWithin is how long it may take until another host takes a connection, and
	// shakeWithin until both know who they are.
	connectWithin = 500 * time.Millisecond
	shakeWithin   = 10 * time.Second
	// redialAfter is how long another attempt waits behind one that failed.
	redialAfter = 100 * time.Millisecond
	// messageSilence and snapshotSilence are after what time a connection counts as broken over
	// which nothing arrives, as after the network was cut: what the system would wait before it
	// sends again grows with the time for which it was. A snapshot is written to a disk, which may
	// take its time.
	messageSilence  = time.Second
	snapshotSilence = 30 * time.Second
)

// peer is another host, at its address.
type peer struct {
	address string

	mu      sync.Mutex
	refuses bool // nobody listens there
}

// peer is the host at an address.
func (t *transport) peer(address string) *peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[address]
	if p == nil {
		p = &peer{address: address}
		t.peers[address] = p
	}
	return p
}

// note notes how an attempt to connect ended, and tells whether it is the first one that shows that
// nobody listens any more.
func (p *peer) note(err error) (gone bool) {
	refuses := errors.Is(err, syscall.ECONNREFUSED)
	p.mu.Lock()
	defer p.mu.Unlock()
	gone = refuses && !p.refuses
	if refuses || err == nil {
		p.refuses = refuses
	}
	return gone
}

// dial connects to another host.
func (t *transport) dial(ctx context.Context, address string, silence time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectWithin, Control: breakAfter(silence)}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	config, err := t.config.GetClientTLSConfig(address)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if config == nil {
		return conn, nil
	}
	secure := tls.Client(conn, config)
	ctx, cancel := context.WithTimeout(ctx, shakeWithin)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// pause waits, and tells whether the transport goes on.
func (t *transport) pause(long time.Duration) bool {
	select {
	case <-time.After(long):
		return true
	case <-t.stop.Done():
		return false
	}
}
