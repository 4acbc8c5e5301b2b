package httpapi

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/dashboard"
)

// newServerWithDashboard serves a page and a script, and asks for a password all the same.
func newServerWithDashboard(t *testing.T) *testServer {
	t.Helper()
	page, err := dashboard.New(fstest.MapFS{
		"index.html":       {Data: []byte("<!doctype html>")},
		"assets/app-1a.js": {Data: []byte("run()")},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout)
	return serveHandler(t, h.WithUsers(acl.NewList("secret")).WithDashboard(page))
}

func TestDashboardIsServed(t *testing.T) {
	s := newServerWithDashboard(t)
	for accept, want := range map[string]string{
		"text/html,*/*;q=0.8": "<!doctype html>",
		"*/*":                 "<!doctype html>",
		"application/json":    "MantisDB 1.2.3: the HTTP API is under /api/v1, described by /api/v1/openapi.yaml\n",
		"text/plain":          "MantisDB 1.2.3: the HTTP API is under /api/v1, described by /api/v1/openapi.yaml\n",
	} {
		if a := s.do("GET", "/", "", "Accept", accept); a.status != http.StatusOK || a.body != want {
			t.Errorf("%s: %d %q", accept, a.status, a.body)
		} else if !slices.Contains(a.header["Vary"], "Accept") {
			t.Errorf("%s: Vary %q lets a cache give this to who asks for another form", accept, a.header["Vary"])
		}
	}
	if a := s.do("GET", "/assets/app-1a.js", ""); a.status != http.StatusOK || a.body != "run()" {
		t.Errorf("a script: %d %q", a.status, a.body)
	}
	for _, path := range []string{"/assets/none.js", "/assets/", "/assets", "/index.html"} {
		wantProblem(t, s.do("GET", path, "", "Accept", "text/html"), routeNotFound)
	}
	wantProblem(t, s.do("POST", "/assets/app-1a.js", ""), methodNotAllowed)
}

// TestIndexTellsHowToBuildTheDashboard: in one line, also to a browser.
func TestIndexTellsHowToBuildTheDashboard(t *testing.T) {
	a := newServer(t).do("GET", "/", "", "Accept", "text/html")
	if a.status != http.StatusOK || !strings.Contains(a.body, "`make build-frontend`") || strings.Count(a.body, "\n") != 1 {
		t.Errorf("%d %q", a.status, a.body)
	}
}
