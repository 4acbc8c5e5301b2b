package distributed

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/tunnel"
	"github.com/mantisdb/mantisdb/internal/porttest"
	"github.com/mantisdb/mantisdb/storage"
)

func TestConfig(t *testing.T) {
	secret := []byte(strings.Repeat("s", MinSecret))
	for _, c := range []struct {
		name   string
		config Config
		quorum int
		err    error
	}{
		{"alone", Config{Address: "127.0.0.1:7100"}, 1, nil},
		{"two", Config{Address: "127.0.0.1:7100", Peers: []string{"127.0.0.1:7102"}}, 1, nil},
		{"three, and itself among them", Config{Address: "127.0.0.1:7100", Peers: []string{"127.0.0.1:7100", "127.0.0.1:7102", "127.0.0.1:7104"}}, 2, nil},
		{"with a secret", Config{Address: "10.0.0.1:7100", Secret: secret}, 1, nil},
		{"insecure", Config{Address: "10.0.0.1:7100", AllowInsecure: true}, 1, nil},
		{"public", Config{Address: "10.0.0.1:7100"}, 0, ErrPublicAddress},
		{"a short secret", Config{Address: "10.0.0.1:7100", Secret: secret[1:]}, 0, ErrInvalidConfig},
		{"no address", Config{}, 0, ErrInvalidConfig},
		{"every address", Config{Address: "0.0.0.0:7100", AllowInsecure: true}, 0, ErrInvalidConfig},
		{"no next port", Config{Address: "127.0.0.1:65535"}, 0, ErrInvalidConfig},
		{"a peer without a port", Config{Address: "127.0.0.1:7100", Peers: []string{"host"}}, 0, ErrInvalidConfig},
		{"three copies", Config{Address: "127.0.0.1:7100", Replicas: 3}, 0, ErrInvalidConfig},
		{"more than there are", Config{Address: "127.0.0.1:7100", Quorum: 2}, 0, ErrInvalidConfig},
	} {
		got, err := c.config.withDefaults()
		if !errors.Is(err, c.err) || c.err == nil && got.Quorum != c.quorum {
			t.Errorf("%s: quorum %d, %v", c.name, got.Quorum, err)
		}
	}
}

func open(t *testing.T, address string, secret string, peers ...string) *Cache {
	t.Helper()
	c, err := Open(Config{Address: address, Peers: peers, Secret: []byte(secret), engine: storage.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// awaitNodes waits until a node sees so many.
func awaitNodes(t *testing.T, c *Cache, count int) {
	t.Helper()
	for range 300 {
		s, err := c.Stats()
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Nodes) == count {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it does not see %d nodes", count)
}

// skipUnderRaceDetector leaves out a test in which a node ends while another one tells it who has
// what: Olric 0.7.4 has a race there, between the handler's WaitGroup.Add and Shutdown's Wait. The
// race detector runs with -short.
func skipUnderRaceDetector(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("Olric has a race of its own as a node of several ends")
	}
}

// TestSecret: nodes of one secret find each other, and one of another is not let in.
func TestSecret(t *testing.T) {
	skipUnderRaceDetector(t)
	const secret, other = "0123456789abcdef", "fedcba9876543210"
	first, second, third := porttest.Pair(t), porttest.Pair(t), porttest.Pair(t)
	a := open(t, first, secret)
	awaitNodes(t, a, 1)
	b := open(t, second, secret, first)
	awaitNodes(t, a, 2)
	awaitNodes(t, b, 2)
	ctx := context.Background()
	for i := range 20 {
		key := []byte(strconv.Itoa(i))
		if err := a.Set(ctx, key, key, SetOptions{}); err != nil {
			t.Fatal(err)
		}
		if item, err := b.Get(ctx, key); err != nil || string(item.Value) != string(key) {
			t.Errorf("key %d: %q %v", i, item.Value, err)
		}
	}
	if s, err := b.Stats(); err != nil || !slices.Equal(s.Nodes, []string{first, second}) {
		t.Errorf("the nodes are %v, %v", s.Nodes, err)
	}
	stranger := open(t, third, other, first)
	awaitNodes(t, stranger, 1) // itself
	awaitNodes(t, a, 2)
}

// TestQuorum: a node that sees too few others refuses everything, before they come and after they
// went.
func TestQuorum(t *testing.T) {
	skipUnderRaceDetector(t)
	first, second, third := porttest.Pair(t), porttest.Pair(t), porttest.Pair(t)
	a := open(t, first, "", second, third)
	ctx, key := t.Context(), []byte("a")
	wantRefused := func() {
		t.Helper()
		if _, err := a.Get(ctx, key); !errors.Is(err, ErrTooFewNodes) {
			t.Errorf("a read: %v", err)
		}
		if err := a.Set(ctx, key, key, SetOptions{}); !errors.Is(err, ErrTooFewNodes) {
			t.Errorf("a write: %v", err)
		}
		if _, err := a.Delete(ctx, key); !errors.Is(err, ErrTooFewNodes) {
			t.Errorf("a deletion: %v", err)
		}
	}
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := a.Wait(short); !errors.Is(err, ErrTooFewNodes) {
		t.Errorf("it is ready alone: %v", err)
	}
	wantRefused()
	b := open(t, second, "", first, third)
	awaitNodes(t, a, 2)
	awaitNodes(t, b, 2)
	if err := a.Set(ctx, key, key, SetOptions{}); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	awaitNodes(t, a, 0)
	wantRefused()
}

// TestBytesOfAStranger: who does not know the secret cannot end a node by what it sends, be it to
// Olric's own protocol or to gossip. Two of these make Olric's server panic.
func TestBytesOfAStranger(t *testing.T) {
	address := porttest.Pair(t)
	c := open(t, address, "0123456789abcdef")
	awaitNodes(t, c, 1)
	gossip, err := gossipAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, sent := range []string{
		"*1\r\n$9223372036854775807\r\nx",
		"*4\r\n$6\r\ndm.put\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
		"*5\r\n$6\r\ndm.put\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$2\r\nPX\r\n",
		"\x0a\xff\xff\xff\xff" + strings.Repeat("x", 1000),
	} {
		for _, to := range []string{address, gossip} {
			conn, err := net.Dial("tcp", to)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = io.ReadAll(conn)
			conn.Close()
		}
		packet, err := net.Dial("udp", gossip)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(packet, sent)
		packet.Close()
	}
	own, err := net.Dial("tcp", tunnel.Inner(netip.MustParseAddrPort(address)).String())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	own.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(own, "dm.get cache a\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(own).ReadString('\n'); err != nil || !strings.HasPrefix(line, "-NOAUTH") {
		t.Errorf("without the password Olric replies %q %v", line, err)
	}
	ctx, key := t.Context(), []byte("a")
	if err := c.Set(ctx, key, key, SetOptions{}); err != nil {
		t.Error(err)
	}
	if item, err := c.Get(ctx, key); err != nil || string(item.Value) != "a" {
		t.Errorf("%q %v", item.Value, err)
	}
}

// TestCloseAtOnce: a node that ends right after it began leaves nothing that runs or listens.
func TestCloseAtOnce(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, c := range []struct {
		secret string
		peers  []string
		times  int
	}{{times: 3}, {secret: "0123456789abcdef", times: 3}, {peers: []string{porttest.Pair(t)}, times: 1}} {
		address := porttest.Pair(t)
		for range c.times {
			cache, err := Open(Config{Address: address, Peers: c.peers, Secret: []byte(c.secret), engine: storage.EngineGo})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := cache.Close(); err != nil {
				t.Error(err)
			}
			if d := time.Since(began); d > stopWithin {
				t.Errorf("it took %v to end", d)
			}
		}
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, of %d before: %s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
