package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// Times and counts of connections.
const (
	dialTimeout = 500 * time.Millisecond // of TCP
	handshake   = 2 * time.Second        // for all of TLS's
	// maxStrangers is how many connections may be in their handshake at a time. What is more is
	// cut off.
	maxStrangers = 128
	acceptPause  = 100 * time.Millisecond // after an accept failed, as without free descriptors
)

// Tunnel is a node's end of all connections. Its methods may be called at once.
type Tunnel struct {
	names
	address   string
	inner     netip.AddrPort // the node's name for Olric
	config    *tls.Config
	listener  net.Listener
	logger    *loglimit.Logger
	strangers chan struct{} // full while there are maxStrangers

	mu          sync.Mutex
	connections map[net.Conn]struct{} // nil once the tunnel is closed
	running     sync.WaitGroup
}

// Listen begins to take connections at an address for Olric at its inner address. Of seed, SeedLen
// bytes, is made what nodes know each other by.
func Listen(address netip.AddrPort, seed []byte, logger *slog.Logger) (*Tunnel, error) {
	config, err := newConfig(seed)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address.String())
	if err != nil {
		return nil, fmt.Errorf("cannot listen for other nodes: %w", err)
	}
	t := &Tunnel{
		names: names{addresses: map[string]string{}}, address: address.String(), inner: Inner(address),
		config: config, listener: listener, logger: loglimit.New(logger), strangers: make(chan struct{}, maxStrangers),
		connections: map[net.Conn]struct{}{},
	}
	t.running.Go(t.accept)
	return t, nil
}

// OlricAt is where Olric is to listen.
func (t *Tunnel) OlricAt() netip.AddrPort { return t.inner }

// Dial connects to the node that Olric calls by a name. It is Olric's dialer.
func (t *Tunnel) Dial(ctx context.Context, network, name string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	if name == t.inner.String() {
		return dialer.DialContext(ctx, network, name)
	}
	address := t.AddressOf(name)
	if address == "" {
		return nil, fmt.Errorf("no node is known by the name %s", name)
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	secure := tls.Client(conn, to(t.config, address))
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot speak with the node at %s: %w", address, err), conn.Close())
	}
	return secure, nil
}

// Close ends all connections that came in, and returns when nothing runs any more.
func (t *Tunnel) Close() error {
	err := t.listener.Close()
	t.mu.Lock()
	for conn := range t.connections {
		conn.Close()
	}
	t.connections = nil
	t.mu.Unlock()
	t.running.Wait()
	return err
}

// accept takes connections until the listener is closed.
func (t *Tunnel) accept() {
	config := to(t.config, t.address)
	for {
		conn, err := t.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			t.logger.Warn("cannot accept the connection of a node", "error", err.Error())
			time.Sleep(acceptPause)
		case !t.add(conn):
			conn.Close()
		default:
			select {
			case t.strangers <- struct{}{}:
				t.running.Go(func() { t.serve(conn, config) })
			default:
				t.remove(conn)
			}
		}
	}
}

// add has Close end a connection, too; false if it did already.
func (t *Tunnel) add(conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.connections == nil {
		return false
	}
	t.connections[conn] = struct{}{}
	return true
}

// remove ends a connection.
func (t *Tunnel) remove(conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.connections, conn)
	conn.Close()
}

// serve connects a node with Olric, once it has shown that it knows the secret.
func (t *Tunnel) serve(conn net.Conn, config *tls.Config) {
	defer t.remove(conn)
	secure := tls.Server(conn, config)
	err := shake(secure)
	<-t.strangers
	if err != nil {
		t.logger.Warn("a connection for nodes was refused", "from", conn.RemoteAddr().String(), "error", err.Error())
		return
	}
	inner, err := net.DialTimeout("tcp", t.inner.String(), dialTimeout)
	if err != nil {
		return // Olric has not begun, or has ended
	}
	if !t.add(inner) {
		inner.Close()
		return
	}
	defer t.remove(inner)
	t.running.Go(func() {
		defer t.remove(conn) // ends the other direction
		_, _ = io.Copy(secure, inner)
	})
	_, _ = io.Copy(inner, secure)
}

func shake(conn *tls.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), handshake)
	defer cancel()
	return conn.HandshakeContext(ctx)
}
