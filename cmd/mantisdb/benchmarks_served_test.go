package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/benchmarks"
)

// TestBenchmarksOfAServer: a server has this very program measure, stops it when it is told
// to, and keeps what became of it.
func TestBenchmarksOfAServer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "reports")
	s := start(t, program(t, "--port=0", "--engine=go", "--benchmark-dir="+dir))
	code, body := s.do("POST", "/api/v1/benchmarks", `{"stress":"light","engine":"go"}`)
	var run benchmarks.Run
	if err := json.Unmarshal([]byte(body), &run); err != nil || code != 201 {
		t.Fatalf("%d %s: %v", code, body, err)
	}
	path := "/api/v1/benchmarks/" + run.ID
	await := func(wanted func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			_, body := s.do("GET", path, "")
			run = benchmarks.Run{}
			if err := json.Unmarshal([]byte(body), &run); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if wanted() {
				return
			}
			if run.State != benchmarks.Running || time.Now().After(end) {
				t.Fatalf("it is %+v", run)
			}
		}
	}
	await(func() bool { return run.Progress != nil && run.Progress.Part > 0 })
	if p := run.Progress; p.Engine != "go" || p.Workload != "sequential_writes" || p.Total != 9 {
		t.Errorf("%+v", p)
	}
	if code, body := s.do("DELETE", path, ""); code != 204 {
		t.Errorf("%d %s", code, body)
	}
	await(func() bool { return run.State == benchmarks.Stopped })

	// The end of the server ends a run as well, and after it both are there.
	if code, body := s.do("POST", "/api/v1/benchmarks", `{"engine":"go"}`); code != 201 {
		t.Errorf("%d %s", code, body)
	}
	s.stop()
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}
	s = start(t, program(t, "--port=0", "--engine=go", "--benchmark-dir="+dir))
	_, body = s.do("GET", "/api/v1/benchmarks", "")
	var list struct{ Benchmarks []benchmarks.Run }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Benchmarks) != 2 || list.Benchmarks[1].ID != run.ID {
		t.Errorf("%s: %v", body, err)
	}
	s.stop()
}
