package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// event is a server-sent event; a comment has nothing but that.
type event struct{ id, name, data, comment string }

// eventReader reads a stream of events.
type eventReader struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

// stream begins a watch and checks how the answer begins.
func (s *testServer) stream(target string, headers ...string) *eventReader {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	resp, err := s.Client().Do(s.request("GET", target, nil, headers...).WithContext(ctx))
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	stop := func() { cancel(); resp.Body.Close() }
	s.t.Cleanup(stop)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("got %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	return &eventReader{s.t, bufio.NewScanner(resp.Body), stop}
}

// next is the next event; false is the stream's end.
func (r *eventReader) next() (e event, ok bool) {
	r.t.Helper()
	for r.lines.Scan() {
		line := r.lines.Text()
		if line == "" {
			return e, true
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			e.comment = value
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.data = value
		default:
			r.t.Fatalf("the line %q is of no event", line)
		}
	}
	return e, false
}

func (r *eventReader) want(want ...event) {
	r.t.Helper()
	for _, w := range want {
		if got, ok := r.next(); !ok || got != w {
			r.t.Fatalf("got %+v, %v, want %+v", got, ok, w)
		}
	}
}

// wantFailure checks that a problem ends the stream.
func (r *eventReader) wantFailure(k kind) {
	r.t.Helper()
	var p wire.Problem
	got, ok := r.next()
	if err := json.Unmarshal([]byte(got.data), &p); !ok || err != nil || got.name != "error" || got.id != "" {
		r.t.Fatalf("got %+v, %v, %v, want an error", got, ok, err)
	}
	if p.Type != problemBase+k.name || p.Status != k.status || p.Detail == "" {
		r.t.Errorf("got %+v, want %s", p, k.name)
	}
	if got, ok := r.next(); ok {
		r.t.Errorf("%+v came behind an error", got)
	}
}

func TestWatch(t *testing.T) {
	s := newServer(t)
	s.put("before", "")
	all := s.stream("/api/v1/watch?encoding=text")
	some := s.stream("/api/v1/watch?prefix=k&start=k1&keys_only=true")
	all.want(event{id: "1"})
	some.want(event{id: "1"})

	s.put("k1", "line\nbreak")
	var batch mantisdb.Batch
	if err := batch.PutExpiresAt([]byte("k0"), []byte{0xff}, 1<<42); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Write(&batch); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Delete([]byte("k1")); err != nil {
		t.Fatal(err)
	}
	if err := s.db.DeleteRange(mantisdb.Prefix([]byte("k"))); err != nil {
		t.Fatal(err)
	}
	if err := s.db.DeleteRange(mantisdb.Range{}); err != nil {
		t.Fatal(err)
	}
	all.want(
		event{id: "2", name: "put", data: `{"key_text":"k1","value_text":"line\nbreak","version":2}`},
		event{id: "3", name: "put", data: `{"key_text":"k0","value":"/w==","version":3,"expires_at":4398046511104}`},
		event{id: "4", name: "delete", data: `{"key_text":"k1","version":4}`},
		event{id: "5", name: "delete-range", data: `{"start_text":"k","end_text":"l","version":5}`},
		event{id: "6", name: "delete-range", data: `{"all":true,"version":6}`},
	)
	some.want(
		event{id: "2", name: "put", data: `{"key":"azE=","version":2}`},
		event{id: "4", name: "delete", data: `{"key":"azE=","version":4}`},
		event{id: "5", name: "delete-range", data: `{"start":"azE=","end":"bA==","version":5}`},
		event{id: "6", name: "delete-range", data: `{"start":"azE=","end":"bA==","version":6}`},
	)
}

// TestWatchGoesOn: a client that comes back misses nothing, and gets nothing twice.
func TestWatchGoesOn(t *testing.T) {
	s := newServer(t)
	kept := s.stream("/api/v1/watch") // so that changes are kept
	kept.want(event{id: "0"})
	put := func(version int) event {
		return event{id: fmt.Sprint(version), name: "put", data: fmt.Sprintf(`{"key_text":"k","value_text":"","version":%d}`, version)}
	}
	last := "0"
	for version := 1; version <= 5; version++ {
		s.put("k", "")
		// The parameter is that of the first request, as a browser repeats it.
		r := s.stream("/api/v1/watch?encoding=text&from=1", "Last-Event-ID", last)
		r.want(event{id: last}, put(version))
		last = fmt.Sprint(version)
		r.close()
	}
	s.stream("/api/v1/watch?encoding=text&from=3").want(event{id: "2"}, put(3), put(4), put(5))
}

func TestWatchRefusals(t *testing.T) {
	s := newServer(t)
	s.put("k", "")
	wantProblem(t, s.do("GET", "/api/v1/watch?from=1", ""), historyGone)
	for _, target := range []string{"from=0", "from=x", "limit=1", "reverse=true", "encoding=x", "after=x", "after=3&from=3"} {
		wantProblem(t, s.do("GET", "/api/v1/watch?"+target, ""), malformedRequest)
	}
	for _, id := range []string{"x", "-1", "9223372036854775807"} {
		wantProblem(t, s.do("GET", "/api/v1/watch", "", "Last-Event-ID", id), malformedRequest)
	}
	wantProblem(t, s.do("POST", "/api/v1/watch", ""), methodNotAllowed)
	a := s.do("HEAD", "/api/v1/watch", "")
	if a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
	s.db.Close()
	wantProblem(t, s.do("GET", "/api/v1/watch", ""), unavailable)
}

func TestWatchHeartbeat(t *testing.T) {
	interval := heartbeatInterval
	heartbeatInterval = 10 * time.Millisecond
	t.Cleanup(func() { heartbeatInterval = interval })
	// It outlives the deadlines of a request.
	s := newServer(t, func(c *http.Server) { c.ReadTimeout, c.WriteTimeout = 30*time.Millisecond, 30*time.Millisecond })
	r := s.stream("/api/v1/watch?encoding=text")
	r.want(event{id: "0"})
	for range 10 {
		r.want(event{comment: "nothing new"})
	}
	s.put("k", "")
	for {
		e, ok := r.next()
		if !ok {
			t.Fatal("the stream ended")
		}
		if e.name == "put" {
			break
		}
	}
}

func TestWatchEnds(t *testing.T) {
	s := newServer(t)
	r := s.stream("/api/v1/watch")
	r.want(event{id: "0"})
	s.db.Close()
	r.wantFailure(unavailable)

	s = newServer(t)
	r = s.stream("/api/v1/watch")
	r.want(event{id: "0"})
	s.Config.Handler.(*Handler).EndStreams()
	r.wantFailure(unavailable)
}

// scriptedStore delivers changes and then fails.
type scriptedStore struct {
	failingStore
	changes int
}

func (s scriptedStore) Watch(context.Context, mantisdb.Range, server.Position) (server.Watch, error) {
	return &scriptedWatch{scriptedStore: s}, nil
}

// Named finds every keyspace, with the same script.
func (s scriptedStore) Named(context.Context, string) (server.Keyspace, error) { return s, nil }

type scriptedWatch struct {
	scriptedStore
	delivered int
}

func (s *scriptedWatch) AppendPosition(dst []byte) []byte {
	return strconv.AppendInt(dst, int64(s.delivered), 10)
}
func (s *scriptedWatch) Close() error { return nil }
func (s *scriptedWatch) Next(context.Context) (mantisdb.Change, error) {
	if s.delivered == s.changes {
		return mantisdb.Change{}, s.err
	}
	s.delivered++
	return mantisdb.Change{Kind: mantisdb.ChangeDelete, Key: make([]byte, 100), Version: uint64(s.delivered)}, nil
}

// TestWatchTooSlow: what can be told is told before the error.
func TestWatchTooSlow(t *testing.T) {
	const changes = 3 * watchChunk / 100
	failing := failingStore{err: fmt.Errorf("%w: changes can be had from version 9000 on", mantisdb.ErrWatchTooSlow)}
	s := newServerOver(t, scriptedStore{failing, changes})
	r := s.stream("/api/v1/watch")
	r.want(event{id: "0"})
	for version := 1; version <= changes; version++ {
		if e, ok := r.next(); !ok || e.id != fmt.Sprint(version) {
			t.Fatalf("got %+v, %v, want version %d", e, ok, version)
		}
	}
	r.wantFailure(watchTooSlow)
}

// TestWatchKeepsNoLargeValue: many clients may watch for long, and one large value must
// not be held for each of them.
func TestWatchKeepsNoLargeValue(t *testing.T) {
	s := newServer(t)
	streams := make([]*bufio.Reader, 10)
	for i := range streams {
		resp, err := s.Client().Do(s.request("GET", "/api/v1/watch", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		streams[i] = bufio.NewReader(resp.Body)
		if line, err := streams[i].ReadString('\n'); err != nil || !strings.HasPrefix(line, "id: ") {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	const length = 8 << 20
	before := heapLen()
	s.put("k", strings.Repeat("v", length))
	for _, stream := range streams {
		for stage := 0; stage < 2; { // the value is in a line of its own, and an empty one ends it
			line, isPrefix, err := stream.ReadLine()
			switch {
			case err != nil:
				t.Fatal(err)
			case isPrefix:
				stage = 1
			case stage == 1 && len(line) == 0:
				stage = 2
			}
		}
	}
	limit, deadline := before+uint64(len(streams)/2*length), time.Now().Add(10*time.Second)
	for heapLen() > limit { // the server may still be at the end of its write
		if time.Now().After(deadline) {
			t.Fatalf("%d streams that wait hold %d bytes after a value of %d", len(streams), heapLen()-before, length)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// heapLen is how many bytes of Go's heap are in use.
func heapLen() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
