package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/figures"
)

// newWatchedServer is a server with a history of its figures, which is sampled fast.
func newWatchedServer(t *testing.T) *testServer {
	t.Helper()
	db, err := mantisdb.Open(t.TempDir(), &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store := server.NewLocal(db)
	all := figures.NewCollector("", store).WithDir(".")
	history := figures.NewHistory(all).WithStep(20 * time.Millisecond)
	s := serveHandler(t, NewHandler(store, slog.New(slog.DiscardHandler), testAbout).WithFigures(all).WithHistory(history))
	s.db = db
	t.Cleanup(history.Start())
	return s
}

// pointOf reads the next event, which is to be a point.
func pointOf(t *testing.T, r *eventReader) (p figures.Point) {
	t.Helper()
	for {
		e, ok := r.next()
		if !ok || e.id != "" {
			t.Fatalf("got %+v, %v, want a point", e, ok)
		}
		if e.name != "figures" {
			continue
		}
		if err := json.Unmarshal([]byte(e.data), &p); err != nil {
			t.Fatalf("%v in %s", err, e.data)
		}
		return p
	}
}

func TestHistoryOfFigures(t *testing.T) {
	s := newWatchedServer(t)
	deadline := time.Now().Add(10 * time.Second)
	began := time.Now()
	for range 100 {
		s.put("k", "v")
	}
	for {
		var got historyAnswer
		a := s.do("GET", "/api/v1/figures?points=2000&since="+url.QueryEscape(began.Add(-time.Hour).Format(time.RFC3339Nano)), "")
		if err := json.Unmarshal([]byte(a.body), &got); a.status != 200 || err != nil {
			t.Fatalf("%d %v %s", a.status, err, a.body)
		}
		puts, syncs := 0.0, 0.0
		for i, p := range got.Points {
			puts += p.Ops.Put * p.Span.Seconds()
			syncs += p.Syncs * p.Span.Seconds()
			if i > 0 && p.Time.Add(-p.Span).Sub(got.Points[i-1].Time).Abs() > time.Millisecond {
				t.Errorf("the point %d begins %v after the end of the one before", i, p.Time.Add(-p.Span).Sub(got.Points[i-1].Time))
			}
		}
		if puts > 99.9 && puts < 100.1 && syncs > 1 {
			last := got.Points[len(got.Points)-1]
			if got.Step != 20*time.Millisecond || last.Memory.Heap == 0 || last.Disk.Used == 0 || last.Disk.Total < last.Disk.Free || last.Disk.Free == 0 {
				t.Errorf("steps of %v, %+v", got.Step, last)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v puts and %v syncs in %d points", puts, syncs, len(got.Points))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestHistoryRefusals(t *testing.T) {
	s := newServer(t)
	for _, query := range []string{"since=yesterday", "since=1", "points=0", "points=2001", "points=x", "step=1s"} {
		wantProblem(t, s.do("GET", "/api/v1/figures?"+query, ""), malformedRequest)
	}
	for _, query := range []string{"interval=249ms", "interval=61s", "interval=1", "interval=", "since=1"} {
		wantProblem(t, s.do("GET", "/api/v1/figures/stream?"+query, ""), malformedRequest)
	}
	if a := s.do("GET", "/api/v1/figures", ""); a.status != 200 || a.body != `{"step_nanos":1000000000,"points":[]}`+"\n" {
		t.Errorf("without a history: %d %s", a.status, a.body)
	}
	if a := s.do("HEAD", "/api/v1/figures/stream", ""); a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
	s.db.Close()
	wantProblem(t, s.do("GET", "/api/v1/figures/stream", ""), unavailable)
}

func TestStreamOfFigures(t *testing.T) {
	s := newWatchedServer(t)
	r := s.stream("/api/v1/figures/stream?interval=250ms")
	pointOf(t, r) // as soon as somebody asks
	for range 10 {
		s.put("k", "v")
	}
	puts := 0.0
	for puts < 9.9 {
		p := pointOf(t, r)
		puts += p.Ops.Put * p.Span.Seconds()
		if p.Span < 100*time.Millisecond || p.Span > 10*time.Second {
			t.Errorf("%+v", p)
		}
	}
	if puts > 10.1 {
		t.Errorf("%v puts", puts)
	}
	s.Config.Handler.(*Handler).EndStreams()
	for {
		e, ok := r.next()
		if !ok {
			t.Fatal("the stream ended without a word")
		}
		if e.name == "error" {
			break
		}
	}
}

// TestStreamsDoNotCountAsSlow: how long a stream lasted is nobody's latency.
func TestStreamsDoNotCountAsSlow(t *testing.T) {
	s := newServer(t)
	for _, target := range []string{"/api/v1/figures/stream", "/api/v1/watch", "/api/v1/stats"} {
		if target != "/api/v1/stats" {
			s.stream(target).close()
		} else {
			s.do("GET", target, "")
		}
		name := "GET " + target + " 2xx"
		waitCounted(t, s, name, 1)
		if got, want := routesOf(t, s)[name].Streams, target != "/api/v1/stats"; got != want {
			t.Errorf("%s is a stream: %v", target, got)
		}
	}
}

// TestStreamOfFiguresEndsWithTheRightToIt, as a watch does.
func TestStreamOfFiguresEndsWithTheRightToIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	s := newServerOfUsers(t, path, "user a on >p ~* +@all\nuser default off\n")
	r := s.stream("/api/v1/figures/stream?interval=60s", "Authorization", basic("a", "p"))
	r.want(event{name: "warnings", data: `{"warnings":[]}`})
	if err := os.WriteFile(path, []byte("user a on >p ~* +get\nuser default off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Config.Handler.(*Handler).users.Reload(); err != nil {
		t.Fatal(err)
	}
	r.wantFailure(forbidden)
}

func TestStreamOfFiguresHeartbeat(t *testing.T) {
	interval := heartbeatInterval
	heartbeatInterval = 10 * time.Millisecond
	t.Cleanup(func() { heartbeatInterval = interval })
	r := newServer(t).stream("/api/v1/figures/stream?interval=60s")
	r.want(event{name: "warnings", data: `{"warnings":[]}`})
	for range 3 {
		r.want(event{comment: "nothing new"})
	}
}

// warningsOf are the kinds of an answer.
func warningsOf(t *testing.T, body string) (ids []string) {
	t.Helper()
	var got warningsAnswer
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Warnings == nil {
		t.Fatalf("%v in %s", err, body)
	}
	for _, w := range got.Warnings {
		ids = append(ids, w.ID)
	}
	return ids
}

// TestWarningsAreTold when they are asked for, and to who is listening.
func TestWarningsAreTold(t *testing.T) {
	s := newWatchedServer(t)
	r := s.stream("/api/v1/figures/stream?interval=60s")
	first, _ := r.next()
	if asked := s.do("GET", "/api/v1/warnings", ""); asked.status != 200 || first.name != "warnings" || slices.Contains(warningsOf(t, first.data), "database-silent") {
		t.Errorf("%d %s, %+v", asked.status, asked.body, first)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for {
		e, ok := r.next()
		if !ok || e.name == "error" {
			t.Fatalf("%+v came before the warning", e)
		}
		if e.name == "warnings" && slices.Equal(warningsOf(t, e.data), []string{"database-silent"}) {
			break
		}
	}
	if asked := s.do("GET", "/api/v1/warnings", ""); !slices.Equal(warningsOf(t, asked.body), []string{"database-silent"}) {
		t.Errorf("%d %s", asked.status, asked.body)
	}
	wantProblem(t, s.do("GET", "/api/v1/warnings?level=all", ""), malformedRequest)
}

// newDoomedServer is one that has something to warn of.
func newDoomedServer(t *testing.T) *testServer {
	t.Helper()
	s := newWatchedServer(t)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(warningsOf(t, s.do("GET", "/api/v1/warnings", "").body)) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("nobody warns of a closed database")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return s
}
