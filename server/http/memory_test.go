package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/clientmemory"
)

// newBoundedServer lets all requests take so many bytes.
func newBoundedServer(t *testing.T, bytes int64) (*testServer, *clientmemory.Pool) {
	t.Helper()
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	pool := clientmemory.NewPool(bytes)
	s := serveHandler(t, NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), testAbout).WithClientMemory(pool))
	s.db = db
	return s, pool
}

// half sends a request's head, and so much of its body.
func (s *testServer) half(method, target string, length, sent int) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", method, target, s.Listener.Addr(), length)
	if _, err := io.WriteString(conn, strings.Repeat("v", sent)); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

func waitFor(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !isSo(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not so:", what)
		}
	}
}

func TestBodiesTogetherAreBounded(t *testing.T) {
	const limit = 4 << 20
	s, pool := newBoundedServer(t, limit)
	long := strings.Repeat("v", 2<<20)
	first := s.half("PUT", "/api/v1/kv/first", 3<<20, 3<<20-1)
	waitFor(t, "the first body is there but for its last byte", func() bool { return pool.Used() >= 3<<20-1 })
	for target, body := range map[string]string{
		"/api/v1/kv/second": long,
		"/api/v1/kv/batch":  `{"operations":[{"op":"put","key_text":"k","value_text":"` + long + `"}]}`,
	} {
		method := http.MethodPut
		if strings.HasSuffix(target, "batch") {
			method = http.MethodPost
		}
		refused := s.do(method, target, body)
		wantProblem(t, refused, busy)
		if refused.header.Get("Retry-After") == "" {
			t.Error("nobody is told when to come again")
		}
	}
	if short := s.do("PUT", "/api/v1/kv/short", "v"); short.status != http.StatusNoContent && short.status != http.StatusCreated {
		t.Errorf("a short body is answered %d", short.status)
	}
	io.WriteString(first, "v")
	if resp, err := http.ReadResponse(bufio.NewReader(first), nil); err != nil || resp.StatusCode >= 300 {
		t.Fatalf("the first body is answered %v, %v", resp, err)
	}
	waitFor(t, "what was taken is given back", func() bool { return pool.Used() == 0 })
	if again := s.do("PUT", "/api/v1/kv/second", long); again.status >= 300 {
		t.Errorf("with room it is answered %d: %s", again.status, again.body)
	}
}

// Long values count until they were sent.
func TestAnswersTogetherAreBounded(t *testing.T) {
	s, pool := newBoundedServer(t, 40<<20)
	s.put("long", strings.Repeat("v", 30<<20))
	slow := s.half("GET", "/api/v1/kv/long", 0, 0)
	waitFor(t, "the answer waits", func() bool { return pool.Used() >= 30<<20 })
	wantProblem(t, s.do("GET", "/api/v1/kv/long", ""), busy)
	slow.Close()
	waitFor(t, "who has gone takes nothing", func() bool { return pool.Used() == 0 })
	if again := s.do("GET", "/api/v1/kv/long", ""); again.status != http.StatusOK || len(again.body) != 30<<20 {
		t.Errorf("with room it is answered %d, %d bytes", again.status, len(again.body))
	}
}
