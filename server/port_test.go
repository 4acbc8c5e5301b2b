package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// echoing is a RedisServer that says what it was sent first.
type echoing struct {
	serving sync.WaitGroup
	mu      sync.Mutex
	conns   []net.Conn
}

func (e *echoing) ServeConn(conn net.Conn) {
	e.serving.Add(1)
	defer e.serving.Done()
	e.mu.Lock()
	e.conns = append(e.conns, conn)
	e.mu.Unlock()
	defer conn.Close()
	first := make([]byte, 4)
	if _, err := io.ReadFull(conn, first); err != nil {
		return
	}
	fmt.Fprintf(conn, "redis:%s", first)
	io.Copy(io.Discard, conn)
}

func (e *echoing) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, conn := range e.conns {
		conn.Close()
	}
	e.serving.Wait()
	return nil
}

// servePorts runs a server of both protocols, and one port more for Redis alone, until
// stop or the test's end.
func servePorts(t *testing.T) (shared, redisOnly string, stop func()) {
	var listeners [2]*Listener
	for i := range listeners {
		l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		l.RedisOnly = i == 1
		listeners[i] = l
	}
	stop = serveOn(t, nil, listeners[:]...)
	return listeners[0].Addr().String(), listeners[1].Addr().String(), stop
}

// serveOn runs a server of both protocols until stop or the test's end.
func serveOn(t *testing.T, config *tls.Config, listeners ...*Listener) (stop func()) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "http:%s", r.URL.Path) })
	s := New(Config{HTTP: handler, Redis: &echoing{}, TLS: config, Logger: slog.New(slog.DiscardHandler), ShutdownTimeout: 10 * time.Second})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listeners...) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// answerTo sends pieces with pauses, and reads until there is an answer of a length.
func answerTo(t *testing.T, address string, length int, pieces ...string) string {
	t.Helper()
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return answerOn(t, conn, length, pieces...)
}

func answerOn(t *testing.T, conn net.Conn, length int, pieces ...string) string {
	t.Helper()
	defer conn.Close()
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := io.WriteString(conn, piece); err != nil {
			t.Fatal(err)
		}
	}
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer := make([]byte, length)
	n, err := io.ReadFull(conn, answer)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%q: %v", pieces, err)
	}
	return string(answer[:n])
}

func TestOnePortForBoth(t *testing.T) {
	shared, redisOnly, _ := servePorts(t)
	response, err := http.Get("http://" + shared + "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "http:/a" {
		t.Errorf("%q, %v", body, err)
	}
	for _, pieces := range [][]string{{"*1\r\nmore"}, {"*", "1", "\r\n"}, {"GET", " ", "k\r\n"}} {
		sent := strings.Join(pieces, "")
		if got := answerTo(t, shared, 10, pieces...); got != "redis:"+sent[:4] {
			t.Errorf("%q: %q", pieces, got)
		}
	}
	if got := answerTo(t, shared, 12, "GE", "T /", " HTTP/1.0\r\n\r\n"); got != "HTTP/1.0 200" {
		t.Errorf("HTTP in pieces: %q", got)
	}
	if got := answerTo(t, redisOnly, 10, "GET / HTTP/1.1\r\n"); got != "redis:GET " {
		t.Errorf("on Redis's own port: %q", got)
	}
}

// TestSilentConnectionsEndWithTheServer: one that never said what it is for does not hold
// up the end.
func TestSilentConnectionsEndWithTheServer(t *testing.T) {
	shared, _, stop := servePorts(t)
	var conns []net.Conn
	for _, sent := range []string{"", "GE"} {
		conn, err := net.Dial("tcp", shared)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, sent)
		conns = append(conns, conn)
	}
	time.Sleep(20 * time.Millisecond)
	stop()
	for _, conn := range conns {
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !isReset(err) {
			t.Errorf("after the end: %v", err)
		}
	}
}

// isReset tells whether the other side has closed with something unread.
func isReset(err error) bool { return err != nil && strings.Contains(err.Error(), "reset") }
