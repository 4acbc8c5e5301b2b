package httpapi

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

// TestReadiness: a server that is told to end asks for no more requests, and lives on until
// it has.
func TestReadiness(t *testing.T) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h := NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), testAbout)
	s := serveHandler(t, h)
	if got := s.do("GET", "/health/ready", ""); got.status != http.StatusOK {
		t.Errorf("at first: %d", got.status)
	}
	h.EndStreams()
	if got := s.do("GET", "/health/ready", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("at the end: %d", got.status)
	}
	if got := s.do("GET", "/health/live", ""); got.status != http.StatusOK {
		t.Errorf("it lives: %d", got.status)
	}
}

// TestDeadNodeIsNotReady: a node that was declared dead asks for no more requests.
func TestDeadNodeIsNotReady(t *testing.T) {
	a := &administrator{}
	s := newAdministered(t, a)
	if got := s.do("GET", "/health/ready", ""); got.status != http.StatusOK {
		t.Errorf("before: %d", got.status)
	}
	a.dead = true
	if got := s.do("GET", "/health/ready", ""); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "declared dead") {
		t.Errorf("%d, %s", got.status, got.body)
	}
}
