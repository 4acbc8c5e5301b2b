package httpapi

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/benchmarks"
)

// newBenchmarked serves runs of a script, which waits for a file, or ends if the gate is
// empty; with a time to read requests if that is not 0.
func newBenchmarked(t *testing.T, gate string, readTimeout time.Duration) *testServer {
	t.Helper()
	script := "#!/bin/sh\n"
	if gate != "" {
		script += `echo '{"engine":"go","workload":"scan","done":1,"total":9,"part":0.5,"operations":3}' >&2
until [ -e ` + gate + ` ]; do sleep 0.01; done
`
	}
	script += `echo '{"engine":"go","stress":"light","results":[{"name":"scan","operations":7,"ops_per_second":5,"p99_us":3}]}'` + "\n"
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	runs, err := benchmarks.Open(benchmarks.Config{Program: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runs.Close)
	h := NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout).WithBenchmarks(runs)
	return serveHandler(t, h, func(c *http.Server) { c.ReadTimeout = readTimeout })
}

func TestBenchmarks(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	s := newBenchmarked(t, gate, 0)
	begun := s.do("POST", benchmarksPath, `{"engine":"go","seed":7}`)
	if begun.status != http.StatusCreated {
		t.Fatalf("%d %s", begun.status, begun.body)
	}
	path := begun.header.Get("Location")
	wantProblem(t, s.do("POST", benchmarksPath, `{"engine":"go"}`), benchmarkRunning)
	await := func(wanted func(benchmarks.Run) bool) benchmarks.Run {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			run := decode[benchmarks.Run](t, s.do("GET", path, ""))
			if wanted(run) {
				return run
			}
			if time.Now().After(end) {
				t.Fatalf("it stays %+v", run)
			}
		}
	}
	running := await(func(run benchmarks.Run) bool { return run.Progress != nil })
	if want := (benchmarks.Settings{Stress: "light", Engine: "go", Seed: 7}); running.Settings != want {
		t.Errorf("%+v", running.Settings)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if done := await(func(run benchmarks.Run) bool { return run.State == benchmarks.Done }); len(done.Reports) != 1 || len(done.Headline) != 1 {
		t.Errorf("%+v", done)
	}
	if a := s.do("DELETE", path, ""); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, s.do("GET", path, ""), noSuchBenchmark)
	for _, method := range []string{"DELETE", "POST", "OPTIONS"} {
		a := s.do(method, benchmarkLevelsPath, "")
		if wantProblem(t, a, methodNotAllowed); a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow: %s", method, a.header.Get("Allow"))
		}
	}
	wantProblem(t, s.do("POST", benchmarksPath, `{"stress":"brutal"}`), malformedRequest)
	a := s.do("POST", path, "")
	if wantProblem(t, a, methodNotAllowed); a.header.Get("Allow") != "GET, DELETE, HEAD" {
		t.Errorf("Allow: %s", a.header.Get("Allow"))
	}
}

// TestBenchmarksAreForAdministrators: they take the machine.
func TestBenchmarksAreForAdministrators(t *testing.T) {
	s := newBenchmarked(t, "", 0)
	s.Config.Handler.(*Handler).WithUsers(usersOf(t, "user default off\nuser u on >p ~* +@all -@admin\nuser o on >p ~* +@all\n"))
	for _, c := range []struct{ method, path, body string }{
		{"GET", benchmarksPath, ""}, {"POST", benchmarksPath, `{"engine":"go"}`}, {"GET", benchmarksPath + "/levels", ""},
		{"GET", benchmarksPath + "/x", ""}, {"DELETE", benchmarksPath + "/x", ""},
	} {
		wantProblem(t, s.do(c.method, c.path, c.body), unauthorized)
		wantProblem(t, s.do(c.method, c.path, c.body, "Authorization", basic("u", "p")), forbidden)
		if a := s.do(c.method, c.path, c.body, "Authorization", basic("o", "p")); a.status != 200 && a.status != 201 && a.status != 404 {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
}

// benchmarkExchanges show every documented answer of what WithBenchmarks serves.
func benchmarkExchanges(t *testing.T) []exchange {
	const run = benchmarksPath + "/{id}"
	quick, held := newBenchmarked(t, "", 0), newBenchmarked(t, filepath.Join(t.TempDir(), "gate"), 0)
	slow := newBenchmarked(t, "", 50*time.Millisecond)
	quick.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	ended := newBenchmarked(t, "", 0)
	ended.Config.Handler.(*Handler).benchmarks.Close()
	h := quick.Config.Handler.(*Handler)
	first, err := h.benchmarks.Start(benchmarks.Settings{Stress: "light", Engine: "go"})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if got, err := h.benchmarks.Get(first.ID); err == nil && got.State != benchmarks.Running {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the run does not end")
		}
	}
	json := []string{"Content-Type", "application/json"}
	crossSite := append([]string{"Sec-Fetch-Site", "cross-site"}, json...)
	start := `{"stress":"light","engine":"go","seed":7}`
	return []exchange{
		{method: "GET", path: benchmarksPath, target: benchmarksPath, server: quick, status: 200},
		{method: "GET", path: benchmarksPath + "/levels", target: benchmarksPath + "/levels", server: quick, status: 200},
		{method: "GET", path: run, target: benchmarksPath + "/" + first.ID, server: quick, status: 200},
		{method: "GET", path: run, target: benchmarksPath + "/none", server: quick, status: 404},
		{method: "DELETE", path: run, target: benchmarksPath + "/" + first.ID, header: crossSite, server: quick, status: 403},
		{method: "DELETE", path: run, target: benchmarksPath + "/" + first.ID, server: quick, status: 204},
		{method: "DELETE", path: run, target: benchmarksPath + "/" + first.ID, server: quick, status: 404},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, body: start, header: json, server: held, status: 201},
		{method: "GET", path: benchmarksPath, target: benchmarksPath, server: held, status: 200},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, body: start, header: json, server: held, status: 409},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, body: `{"stress":"brutal"}`, header: json, server: quick, status: 400, wrong: true},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, body: start, header: crossSite, server: quick, status: 403},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, stall: true, header: json, server: slow, status: 408},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, announce: maxControlBody + 1, header: json, server: quick, status: 413},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, body: start, header: []string{"Content-Type", "text/plain"}, server: quick, status: 415, wrong: true},
		{method: "POST", path: benchmarksPath, target: benchmarksPath, body: start, header: json, server: ended, status: 503},
	}
}
