package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// connectWithin is how long it may take until another host takes a connection, and
	// greetWithin until both know who they are.
	connectWithin = 500 * time.Millisecond
	greetWithin   = 10 * time.Second
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
	turns   refusals
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
	if err == nil {
		p.turns = refusals{}
	}
	return gone
}

// isToTell tells whether the log is to tell that one side has turned the other one away.
func (p *peer) isToTell() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.turns.isToTell()
}

// dial connects to another host, which takes frames then. If either side turns the other one away
// the error wraps errRefused.
func (t *transport) dial(ctx context.Context, address string, silence time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectWithin, Control: breakAfter(silence)}
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	conn, err := t.greet(ctx, raw, address)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("greeting the node at %s: %w", address, err)
	}
	return conn, nil
}

// greet makes a connection one that takes frames.
func (t *transport) greet(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	if t.tls != nil {
		secure, err := t.secure(ctx, conn, address)
		if err != nil {
			return nil, err
		}
		conn = secure
	}
	if _, err := conn.Write(t.self.append(nil)); err != nil {
		return nil, err
	}
	return conn, readAnswer(conn)
}

// secure encrypts a connection with who has a certificate for the host of an address.
func (t *transport) secure(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	c := t.tls.Clone()
	c.ServerName = host
	secure := tls.Client(conn, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		if turnsAway(err) {
			return nil, fmt.Errorf("%w: %w", errRefused, err)
		}
		return nil, err
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

// longestWrite is how much is written within one deadline: a frame may be long, and the network
// slow.
const longestWrite = 1 << 20

// write writes a frame, of which no part may take longer to be handed to the system.
func write(conn net.Conn, frame []byte, within time.Duration) error {
	for len(frame) > 0 {
		if err := conn.SetWriteDeadline(time.Now().Add(within)); err != nil {
			return err
		}
		n, err := conn.Write(frame[:min(len(frame), longestWrite)])
		if err != nil {
			return err
		}
		frame = frame[n:]
	}
	return nil
}
