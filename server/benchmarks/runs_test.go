package benchmarks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// The stand-in for the program is a script, which knows its flags as $stress and so on.
const parseFlags = `#!/bin/sh
for flag; do case $flag in
--benchmark-stress=*) stress=${flag#*=} ;;
--benchmark-engine=*) engine=${flag#*=} ;;
--benchmark-seed=*) seed=${flag#*=} ;;
esac; done
`

// oneReport is what it writes when it measures.
const oneReport = `printf '{"engine":"%s","stress":"%s","results":[{"name":"scan","operations":7,"ops_per_second":5,"p99_us":3}]}\n' "$engine" "$stress"
`

// script makes a program of the lines of a script.
func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(parseFlags+lines), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens the runs of a script that keeps its reports in a directory.
func open(t *testing.T, dir, lines string) *Runs {
	t.Helper()
	r, err := Open(Config{Program: script(t, lines), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

var light = Settings{Stress: "light", Engine: mantisdb.EngineGo, Seed: 3}

// begin starts a run, which is to go well.
func (r *Runs) begin(t *testing.T) Run {
	t.Helper()
	run, err := r.Start(light)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// await is the run once it is as it is wanted.
func (r *Runs) await(t *testing.T, id string, wanted func(Run) bool) Run {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		run, err := r.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if wanted(run) {
			return run
		}
		if time.Now().After(end) {
			t.Fatalf("it stays %+v", run)
		}
	}
}

func hasEnded(r Run) bool { return r.State != Running }

func TestARun(t *testing.T) {
	t.Setenv("MANTISDB_PASSWORD", "s3cret")
	gate := filepath.Join(t.TempDir(), "gate")
	r := open(t, "", `[ -z "$MANTISDB_PASSWORD" ] || exit 1
echo "a warning" >&2
echo '{"engine":"go","workload":"scan","done":1,"total":9,"part":0.5,"operations":3}' >&2
until [ -e `+gate+` ]; do sleep 0.01; done
`+oneReport)
	began := r.begin(t)
	if began.State != Running || began.ID == "" || began.Settings != light {
		t.Errorf("%+v", began)
	}
	if _, err := r.Start(light); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one at the same time: %v", err)
	}
	running := r.await(t, began.ID, func(run Run) bool { return run.Progress != nil })
	if p := running.Progress; p.Engine != "go" || p.Workload != "scan" || p.Done != 1 || p.Total != 9 || p.Part != 0.5 {
		t.Errorf("%+v", p)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done := r.await(t, began.ID, hasEnded)
	if done.State != Done || done.Progress != nil || done.Ended.IsZero() || len(done.Reports) != 1 || done.Reports[0].Stress != "light" {
		t.Errorf("%+v", done)
	}
	if want := []Figure{{"go", "scan", 5, 3}}; !slices.Equal(done.Headline, want) {
		t.Errorf("%+v", done.Headline)
	}
	if list := r.List(); len(list) != 1 || list[0].Reports != nil || list[0].ID != began.ID {
		t.Errorf("%+v", list)
	}
	if err := r.Remove(t.Context(), began.ID); err != nil || len(r.List()) != 0 {
		t.Errorf("%v, %+v", err, r.List())
	}
	if err := r.Remove(t.Context(), began.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("it was removed twice: %v", err)
	}
}

func TestRunsThatFail(t *testing.T) {
	for _, c := range []struct{ lines, says string }{
		{"echo 'mantisdb: it is broken' >&2; exit 1", "it is broken"},
		{"exit 3", "exit status 3"},
		{"echo nonsense", "makes no sense"},
		{"head -c 5000000 /dev/zero", "report is longer"},
		{"head -c 1000000 /dev/zero >&2; echo >&2; echo it ends >&2; exit 1", "it ends"},
	} {
		r := open(t, "", c.lines)
		run := r.await(t, r.begin(t).ID, hasEnded)
		if run.State != Failed || !strings.Contains(run.Error, c.says) || len(run.Reports) > 0 {
			t.Errorf("%s: %+v", c.lines, run)
		}
	}
	// One that counted errors has a report all the same.
	r := open(t, "", oneReport+"echo 'mantisdb: 2 operations failed' >&2; exit 1")
	if run := r.await(t, r.begin(t).ID, hasEnded); run.State != Failed || run.Error != "2 operations failed" || len(run.Reports) != 1 {
		t.Errorf("%+v", run)
	}
	missing, err := Open(Config{Program: filepath.Join(t.TempDir(), "none")})
	if err != nil {
		t.Fatal(err)
	}
	if run := missing.await(t, missing.begin(t).ID, hasEnded); run.State != Failed || run.Error == "" {
		t.Errorf("%+v", run)
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	r := open(t, "", oneReport)
	for _, s := range []Settings{
		{Stress: "brutal", Engine: mantisdb.EngineGo}, {Engine: mantisdb.EngineGo}, {Stress: "light", Engine: "c"}, {Stress: "light"},
	} {
		if _, err := r.Start(s); !errors.As(err, new(*SettingsError)) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	c := r.Choices()
	if len(c.Levels) != 4 || c.Levels[0].Name != "light" || c.Levels[0].Memory == 0 || !slices.Contains(c.Engines, mantisdb.EngineGo) {
		t.Errorf("%+v", c)
	}
	if slices.Contains(c.Engines, All) != slices.Contains(c.Engines, mantisdb.EngineRust) {
		t.Errorf("engines %v", c.Engines)
	}
	for i, level := range c.Levels {
		if level.Fits != (c.Available == 0 || level.Memory <= c.Available) {
			t.Errorf("%+v of %d bytes", level, c.Available)
		}
		if !level.Fits {
			if _, err := r.Start(Settings{Stress: c.Levels[i].Name, Engine: mantisdb.EngineGo}); !errors.Is(err, ErrNoMemory) {
				t.Errorf("%s: %v", level.Name, err)
			}
		}
	}
}

const endless = "trap 'exit 1' TERM; echo $$ >&2; while :; do sleep 0.01; done"

func TestStopping(t *testing.T) {
	r := open(t, "", endless)
	first := r.begin(t)
	if err := r.Remove(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if run, err := r.Get(first.ID); err != nil || run.State != Stopped || run.Error != "" {
		t.Errorf("%+v, %v", run, err)
	}
	second := r.begin(t)
	if second.ID == first.ID {
		t.Errorf("both are %s", second.ID)
	}
	r.Close()
	if run, err := r.Get(second.ID); err != nil || run.State != Stopped {
		t.Errorf("%+v, %v", run, err)
	}
	if _, err := r.Start(light); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestReportsAreKept: in a directory, they are there after the server has ended.
func TestReportsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "reports")
	r := open(t, dir, oneReport)
	id := r.begin(t).ID
	want := r.await(t, id, hasEnded)
	for name, text := range map[string]string{
		"20200101T000000Z.json": `{`, "20200101T000001Z.json": `{"id":"another","state":"done"}`,
		"20200101T000002Z.json": `{"id":"20200101T000002Z","state":"running"}`, "notes.json": `{}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, dir, oneReport)
	if list := again.List(); len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	got, err := again.Get(id)
	if err != nil || got.State != Done || !got.Started.Equal(want.Started) || len(got.Reports) != 1 || got.Reports[0].Results[0] != want.Reports[0].Results[0] {
		t.Errorf("%+v, %v", got, err)
	}
	if err := again.Remove(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 4 {
		t.Errorf("%v, %v", files, err)
	}
	if _, err := Open(Config{Dir: filepath.Join(dir, "notes.json")}); err == nil {
		t.Error("a file was taken for a directory")
	}
}

func TestTheOldestRunGoes(t *testing.T) {
	r := open(t, "", oneReport)
	r.most = 3
	var ids []string
	for range 5 {
		id := r.begin(t).ID
		r.await(t, id, hasEnded)
		ids = append(ids, id)
	}
	var kept []string
	for _, run := range r.List() {
		kept = append(kept, run.ID)
	}
	slices.Reverse(kept)
	if fmt.Sprint(kept) != fmt.Sprint(ids[2:]) {
		t.Errorf("kept %v of %v", kept, ids)
	}
}
