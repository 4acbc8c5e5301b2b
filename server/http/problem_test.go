package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/logtest"
	"github.com/mantisdb/mantisdb/server"
)

func TestProblemOf(t *testing.T) {
	for _, c := range []struct {
		err      error
		want     kind
		internal bool
	}{
		{mantisdb.ErrNotFound, keyNotFound, false},
		{mantisdb.ErrKeyEmpty, invalidKey, false},
		{fmt.Errorf("%w: 70000 bytes", mantisdb.ErrKeyTooLarge), invalidKey, false},
		{mantisdb.ErrValueTooLarge, bodyTooLarge, false},
		{mantisdb.ErrBatchTooLarge, bodyTooLarge, false},
		{fmt.Errorf("%w: %w", mantisdb.ErrTxTooLarge, mantisdb.ErrBatchTooLarge), bodyTooLarge, false},
		{mantisdb.ErrTxTooLarge, bodyTooLarge, false},
		{mantisdb.ErrNotANumber, notANumber, false},
		{mantisdb.ErrOverflow, numberOverflow, false},
		{mantisdb.ErrConflict, writeConflict, false},
		{&server.ConditionError{Index: 3}, conditionFailed, false},
		{mantisdb.ErrInvalidTTL, malformedRequest, false},
		{mantisdb.ErrInvalidOptions, malformedRequest, false},
		{mantisdb.ErrUnsupported, unsupported, false},
		{mantisdb.ErrClosed, unavailable, false},
		{mantisdb.ErrPoisoned, unavailable, true},
		{fmt.Errorf("%w: %w", mantisdb.ErrPoisoned, mantisdb.ErrDiskFull), diskFull, true},
		{mantisdb.ErrDiskFull, diskFull, true},
		{fmt.Errorf("%w: %w", mantisdb.ErrWritesFailed, mantisdb.ErrIO), unavailable, true},
		{mantisdb.ErrExists, alreadyExists, false},
		{mantisdb.ErrOutOfMemory, unavailable, true},
		{context.Canceled, unavailable, false},
		{context.DeadlineExceeded, unavailable, false},
		{mantisdb.ErrCorrupt, internalError, true},
		{errors.New("anything"), internalError, true},
		{newProblem(keyExists, "x"), keyExists, false},
	} {
		p, internal := problemOf(c.err)
		if p.Type != problemBase+c.want.name || p.Status != c.want.status || internal != c.internal {
			t.Errorf("%v: %+v, internal %v", c.err, p, internal)
		}
	}
}

// TestDiskFullTellsTheRemedy: only a database that failed needs a restart.
func TestDiskFullTellsTheRemedy(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{mantisdb.ErrDiskFull, "as soon as there is room"},
		{fmt.Errorf("%w: %w", mantisdb.ErrPoisoned, mantisdb.ErrDiskFull), "started again"},
	} {
		if p, _ := problemOf(c.err); !strings.Contains(p.Detail, c.want) {
			t.Errorf("%v: %q lacks %q", c.err, p.Detail, c.want)
		}
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	s := newServer(t)
	for _, target := range []string{"/nothing", "/api/v1", "/api/v1/", "/api/v1/kv", "/api/v2/kv/a", "/api/v1/scan/", "/healthy"} {
		wantProblem(t, s.do("GET", target, ""), routeNotFound)
		wantProblem(t, s.do("POST", target, ""), routeNotFound)
	}
	for target, allow := range map[string]string{
		"/":                "GET, HEAD",
		"/health":          "GET, HEAD",
		"/api/v1/scan":     "GET, HEAD",
		"/api/v1/stats":    "GET, HEAD",
		"/api/v1/kv/a":     "GET, HEAD, PUT, POST, DELETE",
		"/api/v1/kv/batch": "GET, HEAD, PUT, POST, DELETE",
	} {
		a := s.do("PATCH", target, "")
		wantProblem(t, a, methodNotAllowed)
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("%s: Allow is %q, want %q", target, got, allow)
		}
	}
}

func TestIndexAndAbout(t *testing.T) {
	s := newServer(t)
	if a := s.do("GET", "/", ""); a.status != 200 || !strings.Contains(a.body, "/api/v1/openapi.yaml") || strings.Count(a.body, "\n") != 1 {
		t.Errorf("%d %q", a.status, a.body)
	}
	if a := s.do("GET", "/api/v1/version", ""); a.body != `{"version":"1.2.3","engine":"go","go":"go1.26"}`+"\n" {
		t.Errorf("%s", a.body)
	}
	for _, target := range []string{"/health", "/api/v1/health"} {
		if a := s.do("GET", target, ""); a.status != 200 || a.body != `{"status":"ok"}`+"\n" {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
	s.db.Close()
	if a := s.do("GET", "/health/live", ""); a.status != 200 {
		t.Errorf("a process without a database: %d %s", a.status, a.body)
	}
	for _, target := range []string{"/health", "/health/ready", "/api/v1/health", "/api/v1/stats", "/api/v1/kv/k", "/api/v1/scan"} {
		wantProblem(t, s.do("GET", target, ""), unavailable)
	}
}

// panickingStore panics on reads.
type panickingStore struct{ failingStore }

func (panickingStore) Get(context.Context, []byte, []byte) ([]byte, mantisdb.Meta, error) {
	panic("a fault of the server")
}

func (panickingStore) Scan(context.Context, mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	panic("a fault of the server")
}

// TestPanicIsContained: a panic costs its own request, and nothing else.
func TestPanicIsContained(t *testing.T) {
	var log logtest.Buffer
	handler := NewHandler(panickingStore{}, slog.New(slog.NewTextHandler(&log, nil)), testAbout)
	s := httptest.NewServer(handler)
	defer s.Close()
	for _, path := range []string{"/api/v1/kv/k", "/api/v1/scan"} {
		if resp, err := http.Get(s.URL + path); err == nil {
			t.Errorf("%s: answered with %s", path, resp.Status)
			resp.Body.Close()
		}
		if !strings.Contains(log.String(), "a fault of the server") || !strings.Contains(log.String(), path) {
			t.Errorf("the log lacks the panic: %s", log.String())
		}
	}
	if resp, err := http.Get(s.URL + "/"); err != nil || resp.StatusCode != 200 {
		t.Errorf("the server is gone: %v", err)
	} else {
		resp.Body.Close()
	}
}

// TestInternalErrorsAreLogged: what the client is not told is in the log.
func TestInternalErrorsAreLogged(t *testing.T) {
	var log logtest.Buffer
	store := failingStore{err: fmt.Errorf("%w: block 7 of /data/000123.sst", mantisdb.ErrCorrupt)}
	w := httptest.NewRecorder()
	NewHandler(store, slog.New(slog.NewTextHandler(&log, nil)), testAbout).
		ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/kv/k", nil))
	if strings.Contains(w.Body.String(), "000123") {
		t.Errorf("the answer tells of files: %s", w.Body)
	}
	if !strings.Contains(log.String(), "block 7 of /data/000123.sst") {
		t.Errorf("the log: %s", log.String())
	}
}

func TestRequestsAreLoggedAtDebug(t *testing.T) {
	var log logtest.Buffer
	level := &slog.HandlerOptions{Level: slog.LevelDebug}
	handler := NewHandler(failingStore{err: mantisdb.ErrNotFound}, slog.New(slog.NewTextHandler(&log, level)), testAbout)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/kv/a%2Fb", nil))
	for _, want := range []string{"method=GET", "path=/api/v1/kv/a%2Fb", "status=404", fmt.Sprintf("bytes=%d", w.Body.Len())} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
}

// TestProblemsAreExplained: the link in each problem's type leads somewhere.
func TestProblemsAreExplained(t *testing.T) {
	guide, err := os.ReadFile("../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []kind{
		malformedRequest, invalidKey, unauthorized, forbidden, crossOrigin, keyNotFound, routeNotFound, methodNotAllowed, requestTimeout,
		alreadyExists, notANumber, numberOverflow, conditionFailed, writeConflict, keyExists, versionDiffers,
		bodyTooLarge, unsupportedMedia, internalError, unsupported, diskFull, busy, unavailable,
	} {
		if want := fmt.Sprintf("\n### %s\n%d. ", k.name, k.status); !strings.Contains(string(guide), want) {
			t.Errorf("docs/http-api.md does not explain %s as a %d", k.name, k.status)
		}
	}
}
