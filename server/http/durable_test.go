package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

// newDurableServer serves a database in a directory, beside which it makes
// checkpoints.
func newDurableServer(t *testing.T) *testServer {
	t.Helper()
	dir := t.TempDir()
	db, err := mantisdb.Open(filepath.Join(dir, "data"), &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := newServerOver(t, server.NewLocal(db).WithCheckpoints(filepath.Join(dir, "checkpoints")))
	s.db = db
	return s
}

func TestCheckpoint(t *testing.T) {
	s := newDurableServer(t)
	s.put("k", "v")
	a := s.do("POST", "/api/v1/checkpoint?name=2026-11-24.a", "")
	if a.status != http.StatusOK {
		t.Fatal(a)
	}
	path := strings.TrimSuffix(strings.TrimPrefix(a.body, `{"path":"`), "\"}\n")
	db, err := mantisdb.Open(path, &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if value, err := db.Get([]byte("k")); err != nil || string(value) != "v" {
		t.Errorf("%q, %v", value, err)
	}
	taken := s.do("POST", "/api/v1/checkpoint?name=2026-11-24.a", "")
	wantProblem(t, taken, alreadyExists)
	if !strings.Contains(taken.body, "2026-11-24.a is not empty") {
		t.Errorf("%s", taken.body)
	}
	hidden := s.do("POST", "/api/v1/checkpoint?name=.hidden", "")
	if !strings.Contains(hidden.body, "begins with a letter or a digit") {
		t.Errorf("%s", hidden.body)
	}
	for _, name := range []string{".", "..", "a/b", "%2e%2e%2fx", ".hidden", "a%00b", strings.Repeat("x", 101)} {
		wantProblem(t, s.do("POST", "/api/v1/checkpoint?name="+name, ""), malformedRequest)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestBackup(t *testing.T) {
	s := newServer(t)
	for i := range 200 {
		s.put(string(rune('a'+i)), strings.Repeat("v", 20_000))
	}
	a := s.do("GET", "/api/v1/backup", "")
	dir := filepath.Join(t.TempDir(), "data")
	stats, err := mantisdb.Restore(t.Context(), dir, &mantisdb.Options{Engine: mantisdb.EngineGo}, strings.NewReader(a.body))
	if err != nil || stats.Entries != 200 {
		t.Fatalf("%+v, %v", stats, err)
	}
	if a := s.do("HEAD", "/api/v1/backup", ""); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %+v", a)
	}
	wantProblem(t, s.do("GET", "/api/v1/backup?x=1", ""), malformedRequest)
}

// TestBackupThatFailsMidway breaks off.
func TestBackupThatFailsMidway(t *testing.T) {
	s := newServerOver(t, failingStore{err: mantisdb.ErrCorrupt, entries: make([]mantisdb.Entry, 1)})
	resp, err := s.Client().Get(s.URL + "/api/v1/backup")
	if err != nil {
		return // broken off before the client saw its beginning
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil {
		t.Errorf("a backup that failed came to an end: %d bytes", len(body))
	}
	if _, err := mantisdb.Restore(t.Context(), filepath.Join(t.TempDir(), "d"), &mantisdb.Options{Engine: mantisdb.EngineGo}, bytes.NewReader(body)); err == nil {
		t.Error("and was restored")
	}
}
