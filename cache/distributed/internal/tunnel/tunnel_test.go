package tunnel

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

var (
	seed  = bytes.Repeat([]byte{1}, SeedLen)
	other = bytes.Repeat([]byte{2}, SeedLen)
)

// freeAddress is one at which nobody listens.
func freeAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// listen opens a tunnel, which leads to a server that sends back what it gets.
func listen(t *testing.T, seed []byte) *Tunnel {
	t.Helper()
	tunnel, err := Listen(freeAddress(t), seed, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tunnel.Close() })
	inner, err := net.Listen("tcp", tunnel.OlricAt().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	go func() {
		for {
			conn, err := inner.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return tunnel
}

// node is what gossip tells of a node.
func node(name string, address netip.AddrPort) *memberlist.Node {
	return &memberlist.Node{Name: name, Addr: address.Addr().AsSlice(), Port: address.Port() + 1}
}

// meet has one tunnel know where another one is.
func meet(t *testing.T, one, another *Tunnel) {
	t.Helper()
	if err := one.NotifyAlive(node(another.inner.String(), netip.MustParseAddrPort(another.address))); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, from, to *Tunnel) (net.Conn, error) {
	t.Helper()
	conn, err := from.Dial(t.Context(), "tcp", to.inner.String())
	if err == nil {
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(10 * time.Second))
	}
	return conn, err
}

func wantEcho(t *testing.T, conn net.Conn) {
	t.Helper()
	sent, got := bytes.Repeat([]byte("0123456789"), 10_000), make([]byte, 100_000)
	go conn.Write(sent)
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("what was sent does not come back: %v", err)
	}
}

// wantNothing fails if anything comes before the other side ends the connection.
func wantNothing(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	n, err := conn.Read(make([]byte, 1))
	var timeout net.Error
	if n != 0 || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection stays: %d bytes, %v", n, err)
	}
}

func TestNodesOfOneSecret(t *testing.T) {
	one, another := listen(t, seed), listen(t, seed)
	if _, err := dial(t, one, another); err == nil {
		t.Error("there is a connection to a node that nobody knows")
	}
	meet(t, one, another)
	conn, err := dial(t, one, another)
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, conn)
	own, err := dial(t, one, one)
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, own)
}

func TestANodeOfAnotherSecret(t *testing.T) {
	node, stranger := listen(t, seed), listen(t, other)
	meet(t, stranger, node)
	if _, err := dial(t, stranger, node); !errors.Is(err, errStranger) {
		t.Errorf("the stranger takes the node for one of its own: %v", err)
	}
	// One that does not look whom it speaks with is not let in either.
	raw, err := net.Dial("tcp", node.address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	config := to(stranger.config, node.address)
	config.VerifyConnection = nil
	conn := tls.Client(raw, config)
	_, _ = io.WriteString(conn, "x")
	wantNothing(t, conn)
}

// TestBytesOfAStranger: what is no handshake reaches nobody, nor does silence last.
func TestBytesOfAStranger(t *testing.T) {
	tunnel := listen(t, seed)
	for _, sent := range []string{"", "PING\r\n", "*1\r\n$9223372036854775807\r\nx", "\x16\x03\x01\xff\xff"} {
		conn, err := net.Dial("tcp", tunnel.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		answer, err := io.ReadAll(conn)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() || bytes.Contains(answer, []byte(sent)) && sent != "" {
			t.Errorf("%q: %q %v", sent, answer, err)
		}
	}
}

// TestALedAstrayConnection: who is in between cannot lead a connection to another node.
func TestALedAstrayConnection(t *testing.T) {
	one, another, third := listen(t, seed), freeAddress(t), listen(t, seed)
	raw, err := net.Dial("tcp", third.address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := tls.Client(raw, to(one.config, another.String())).HandshakeContext(t.Context()); err == nil {
		t.Error("a connection to one node is taken by another")
	}
}

func TestTooManyStrangers(t *testing.T) {
	tunnel := listen(t, seed)
	for range maxStrangers {
		tunnel.strangers <- struct{}{}
	}
	conn, err := net.Dial("tcp", tunnel.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	wantNothing(t, conn)
	if time.Since(began) > handshake/2 {
		t.Error("one too many may begin its handshake")
	}
	for range maxStrangers {
		<-tunnel.strangers
	}
	one := listen(t, seed)
	meet(t, one, tunnel)
	if conn, err := dial(t, one, tunnel); err != nil {
		t.Error(err)
	} else {
		wantEcho(t, conn)
	}
}

// TestClose ends connections that stand, and those in their handshake.
func TestClose(t *testing.T) {
	one, another := listen(t, seed), listen(t, seed)
	meet(t, one, another)
	conn, err := dial(t, one, another)
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, conn)
	stranger, err := net.Dial("tcp", another.address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := another.Close(); err != nil {
		t.Error(err)
	}
	wantNothing(t, conn)
	wantNothing(t, stranger)
	if _, err := dial(t, one, another); err == nil {
		t.Error("a tunnel that was closed takes connections")
	}
}

func TestNames(t *testing.T) {
	tunnel := listen(t, seed)
	address := netip.MustParseAddrPort("10.1.2.3:7100")
	name := Inner(address).String()
	if ip := Inner(address).Addr(); !ip.IsLoopback() || Inner(address).Port() != 7100 {
		t.Errorf("the inner address is %s", name)
	}
	for _, bad := range []*memberlist.Node{
		node("127.0.0.1:7100", address),
		node(name, netip.MustParseAddrPort("10.1.2.4:7100")),
		node(name, netip.MustParseAddrPort("10.1.2.3:7101")),
		{Name: name, Port: 7101},
		{Name: name, Addr: address.Addr().AsSlice(), Port: 1},
	} {
		if err := tunnel.NotifyAlive(bad); !errors.Is(err, errMisnamed) {
			t.Errorf("%s at %s: %v", bad.Name, bad.Address(), err)
		}
	}
	if got := tunnel.AddressOf(name); got != "" {
		t.Errorf("it is at %s before anybody told", got)
	}
	if err := tunnel.NotifyAlive(node(name, address)); err != nil {
		t.Error(err)
	}
	if got := tunnel.AddressOf(name); got != address.String() {
		t.Errorf("it is at %s", got)
	}
	tunnel.addresses[name] = "10.9.9.9:7100" // as if that had the same hash
	if err := tunnel.NotifyAlive(node(name, address)); !errors.Is(err, errMisnamed) {
		t.Errorf("a second node of a name: %v", err)
	}
}
