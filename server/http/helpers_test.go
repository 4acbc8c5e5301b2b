package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// testServer is a handler behind a real listener.
type testServer struct {
	*httptest.Server
	t  *testing.T
	db *mantisdb.DB // nil over a store of the test's own
}

var testAbout = About{Version: "1.2.3", Engine: "go", Go: "go1.26"}

// newServer serves a database in memory, after configure has seen to the server.
func newServer(t *testing.T, configure ...func(*http.Server)) *testServer {
	t.Helper()
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := newServerOver(t, server.NewLocal(db), configure...)
	s.db = db
	return s
}

func newServerOver(t *testing.T, store server.Database, configure ...func(*http.Server)) *testServer {
	t.Helper()
	return serveHandler(t, NewHandler(store, slog.New(slog.DiscardHandler), testAbout), configure...)
}

func serveHandler(t *testing.T, h *Handler, configure ...func(*http.Server)) *testServer {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	for _, c := range configure {
		c(s.Config)
	}
	s.Start()
	t.Cleanup(s.Close)
	s.Client().CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		return errors.New("redirected to " + r.URL.String())
	}
	return &testServer{Server: s, t: t}
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request whose target is taken as it is, and reads the answer.
// headers are names and values in turn.
func (s *testServer) do(method, target, body string, headers ...string) answer {
	s.t.Helper()
	return s.send(s.request(method, target, strings.NewReader(body), headers...))
}

func (s *testServer) request(method, target string, body io.Reader, headers ...string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequest(method, s.URL, body)
	if err != nil {
		s.t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		s.t.Fatal(err)
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = decoded, path, query
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (s *testServer) send(r *http.Request) answer {
	s.t.Helper()
	resp, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// put stores a value in the database itself.
func (s *testServer) put(key, value string) {
	s.t.Helper()
	if err := s.db.Put([]byte(key), []byte(value)); err != nil {
		s.t.Fatal(err)
	}
}

// wantProblem checks that a is a problem of kind k.
func wantProblem(t *testing.T, a answer, k kind) wire.Problem {
	t.Helper()
	var p wire.Problem
	if a.status != k.status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s %q, want the problem %s", a.status, a.header.Get("Content-Type"), a.body, k.name)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Errorf("%q: %v", a.body, err)
	}
	if p.Type != problemBase+k.name || p.Title != k.title || p.Status != k.status || p.Detail == "" {
		t.Errorf("got %+v, want the problem %s", p, k.name)
	}
	if strings.Contains(p.Detail, "mantisdb: ") || strings.Contains(p.Detail, "\n") {
		t.Errorf("the detail is not one plain line: %q", p.Detail)
	}
	return p
}

// failingStore fails in every method; a scan first yields some entries.
type failingStore struct {
	err     error
	entries []mantisdb.Entry
}

func (f failingStore) Get(_ context.Context, dst, _ []byte) ([]byte, mantisdb.Meta, error) {
	return dst, mantisdb.Meta{}, f.err
}
func (f failingStore) Has(context.Context, []byte) (bool, error) { return false, f.err }
func (f failingStore) MultiGet(context.Context, *mantisdb.Values, [][]byte) error {
	return f.err
}
func (f failingStore) Put(context.Context, []byte, []byte, mantisdb.WriteOptions) error { return f.err }
func (f failingStore) PutIfAbsent(context.Context, []byte, []byte, mantisdb.WriteOptions) (bool, error) {
	return false, f.err
}
func (f failingStore) Delete(context.Context, []byte, mantisdb.WriteOptions) error { return f.err }
func (f failingStore) Write(context.Context, *mantisdb.Batch, mantisdb.WriteOptions) error {
	return f.err
}
func (f failingStore) Modify(context.Context, []byte, mantisdb.Modification, mantisdb.WriteOptions) ([]byte, mantisdb.Modified, error) {
	return nil, mantisdb.Modified{}, f.err
}
func (f failingStore) Transact(context.Context, []server.Condition, *mantisdb.Batch, mantisdb.WriteOptions) error {
	return f.err
}
func (f failingStore) DeleteRange(context.Context, mantisdb.Range, mantisdb.WriteOptions) error {
	return f.err
}

// Named finds every keyspace, which fails like the others.
func (f failingStore) Named(context.Context, string) (server.Keyspace, error) { return f, nil }
func (f failingStore) Table(context.Context, string) (server.Table, error)    { return f, nil }
func (f failingStore) Handle() *mantisdb.Keyspace                             { return new(mantisdb.Keyspace) }
func (f failingStore) Info() mantisdb.KeyspaceInfo                            { return mantisdb.KeyspaceInfo{} }
func (f failingStore) Keyspaces(context.Context) ([]mantisdb.KeyspaceInfo, error) {
	return nil, f.err
}
func (f failingStore) CreateKeyspace(context.Context, string, mantisdb.KeyspaceOptions) error {
	return f.err
}
func (f failingStore) DropKeyspace(context.Context, string) error         { return f.err }
func (f failingStore) AppliedIndex(context.Context) ([]byte, error)       { return nil, f.err }
func (f failingStore) Sync(context.Context) error                         { return f.err }
func (f failingStore) Checkpoint(context.Context, string) (string, error) { return "", f.err }

// Backup fails after a beginning, if there are entries.
func (f failingStore) Backup(_ context.Context, w io.Writer) (mantisdb.BackupStats, error) {
	if len(f.entries) > 0 {
		if _, err := w.Write(make([]byte, 100)); err != nil {
			return mantisdb.BackupStats{}, err
		}
	}
	return mantisdb.BackupStats{}, f.err
}
func (f failingStore) Watch(context.Context, mantisdb.Range, server.Position) (server.Watch, error) {
	return nil, f.err
}
func (f failingStore) Structure(context.Context, int) (mantisdb.Structure, error) {
	return mantisdb.Structure{}, f.err
}
func (f failingStore) Stats(context.Context) (mantisdb.Stats, error) { return mantisdb.Stats{}, f.err }
func (f failingStore) Scan(context.Context, mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		for _, e := range f.entries {
			if !yield(e, nil) {
				return
			}
		}
		yield(mantisdb.Entry{}, f.err)
	}
}
