package httpapi

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestValueSizes stores values around every threshold, announced and chunked.
func TestValueSizes(t *testing.T) {
	s := newServer(t)
	random := rand.NewChaCha8([32]byte{})
	for _, n := range []int{0, 1, 511, 4096, progressBytes, progressBytes + 1, maxPooledBuffer, 3<<20 + 7} {
		value := make([]byte, n)
		random.Read(value)
		for name, body := range map[string]io.Reader{
			"announced": bytes.NewReader(value),
			"chunked":   io.MultiReader(bytes.NewReader(value)), // whose length the client cannot know
		} {
			if a := s.send(s.request("PUT", "/api/v1/kv/k", body)); a.status != 204 {
				t.Errorf("%d bytes, %s: %d %s", n, name, a.status, a.body)
			}
			if a := s.do("GET", "/api/v1/kv/k", ""); a.status != 200 || a.body != string(value) {
				t.Errorf("%d bytes, %s: %d, %d bytes", n, name, a.status, len(a.body))
			}
			if err := s.db.Delete([]byte("k")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestLargestValue(t *testing.T) {
	if raceEnabled {
		t.Skip("moves hundreds of megabytes on one goroutine")
	}
	s := newServer(t)
	r := s.request("PUT", "/api/v1/kv/k", io.LimitReader(zeros{}, mantisdb.MaxValueLen))
	r.ContentLength = mantisdb.MaxValueLen
	if a := s.send(r); a.status != 204 {
		t.Errorf("the largest value: %d %s", a.status, a.body)
	}
	if a := s.do("HEAD", "/api/v1/kv/k", ""); a.header.Get("Content-Length") != fmt.Sprint(mantisdb.MaxValueLen) {
		t.Errorf("the largest value has %s bytes", a.header.Get("Content-Length"))
	}
	chunked := s.request("PUT", "/api/v1/kv/long", io.LimitReader(zeros{}, mantisdb.MaxValueLen+1))
	wantProblem(t, s.send(chunked), bodyTooLarge)
	// One that is announced is refused before it is sent.
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /api/v1/kv/long HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", mantisdb.MaxValueLen+1)
	if status, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(status, "HTTP/1.1 413") {
		t.Errorf("announced: %q, %v", status, err)
	}
	if ok, err := s.db.Has([]byte("long")); ok || err != nil {
		t.Errorf("a part of a long value was stored: %v", err)
	}
}

// TestCutBody: a client that goes away in the middle of a value stores nothing.
func TestCutBody(t *testing.T) {
	s := newServer(t)
	for _, length := range []int{1000, 1 << 20} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "PUT /api/v1/kv/cut HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nonly a part", length)
		conn.(*net.TCPConn).CloseWrite()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%d bytes: %s", length, resp.Status)
		}
		resp.Body.Close()
		conn.Close()
		if ok, err := s.db.Has([]byte("cut")); ok || err != nil {
			t.Errorf("a part of a value was stored: %v", err)
		}
	}
}

func TestSlowBody(t *testing.T) {
	s := newServer(t, func(c *http.Server) { c.ReadTimeout = 50 * time.Millisecond })
	reader, writer := io.Pipe()
	defer writer.Close()
	go writer.Write([]byte("a part, and then nothing"))
	wantProblem(t, s.send(s.request("PUT", "/api/v1/kv/slow", reader)), requestTimeout)
}

// TestLongBodyOutlivesTheTimeout: the deadline of a body that gets ahead moves.
func TestLongBodyOutlivesTheTimeout(t *testing.T) {
	s := newServer(t, func(c *http.Server) { c.ReadTimeout, c.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond })
	reader, writer := io.Pipe()
	go func() {
		for range 6 {
			writer.Write(make([]byte, progressBytes+1))
			time.Sleep(100 * time.Millisecond)
		}
		writer.Close()
	}()
	if a := s.send(s.request("PUT", "/api/v1/kv/long", reader)); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if value, err := s.db.Get([]byte("long")); err != nil || len(value) != 6*(progressBytes+1) {
		t.Errorf("%d bytes, %v", len(value), err)
	}
}

// slowReader takes its time over each piece of an answer.
type slowReader struct {
	r     io.Reader
	pause time.Duration
	every int
	left  int
}

func (s *slowReader) Read(b []byte) (int, error) {
	if s.left <= 0 {
		time.Sleep(s.pause)
		s.left = s.every
	}
	n, err := s.r.Read(b[:min(len(b), s.left)])
	s.left -= n
	return n, err
}

// TestLongAnswerOutlivesTheTimeout: the deadline of an answer that gets ahead
// moves, that of a value as that of a scan.
func TestLongAnswerOutlivesTheTimeout(t *testing.T) {
	s := newServer(t, func(c *http.Server) { c.WriteTimeout = 200 * time.Millisecond })
	const size = 24 << 20 // far more than the sockets buffer
	s.put("k", strings.Repeat("v", size))
	for i := range 24 {
		s.put(fmt.Sprintf("scan/%d", i), strings.Repeat("v", size/24))
	}
	for target, want := range map[string]int{"/api/v1/kv/k": size, "/api/v1/scan?prefix=scan/&encoding=text": size} {
		resp, err := s.Client().Do(s.request("GET", target, nil))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, &slowReader{r: resp.Body, pause: 50 * time.Millisecond, every: size / 12})
		resp.Body.Close()
		if err != nil || int(n) < want {
			t.Errorf("%s: %d bytes, %v", target, n, err)
		}
	}
}
