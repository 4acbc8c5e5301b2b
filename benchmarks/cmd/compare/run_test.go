package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// fakePeers is a directory with a program for embedded-go alone. Its systems: one is
// measured, one fails after a record, and one tells by a file that it hangs.
func fakePeers(t *testing.T) (bin, hanging string) {
	t.Helper()
	bin = t.TempDir()
	hanging = filepath.Join(bin, "hanging")
	script := `#!/bin/sh
if [ "$1" = engines ]; then printf 'mantisdb-rust memory\npebble memory\nhangs sync\n'; exit; fi
for arg; do case $arg in
	--engine=*) engine=${arg#*=} ;;
	--scenario=*) scenario=${arg#*=} ;;
	--round=*) round=${arg#*=} ;;
esac; done
echo '{"group":"embedded-go","engine":"'$engine'","version":"v7","scenario":"'$scenario'","workload":"reads","threads":1,"keys":9,"value_bytes":100,"round":'$round',"ops_per_second":5'$round'}'
case $engine in
	pebble) echo 'no room' >&2; exit 3 ;;
	hangs) touch ` + hanging + `; sleep 60 ;;
esac
`
	if err := os.WriteFile(filepath.Join(bin, "peers"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return bin, hanging
}

// measure runs all that only matches, and returns what is written.
func measure(t *testing.T, ctx context.Context, bin, only string) (*results.File, string, error) {
	t.Helper()
	folder := t.TempDir()
	failed := runAll(ctx, []string{
		"-scale=small", "-rounds=2", "-only=" + only, "-bin=" + bin, "-data-dir=" + filepath.Join(folder, "data"),
		"-results=" + folder, "-commit=abc", "-left-out=redis: no server",
	})
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the results are %v, %v, after %v", files, err, failed)
	}
	file, err := results.Read(files[0])
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(strings.TrimSuffix(files[0], ".json") + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return file, string(page), failed
}

func TestRunWritesWhatThereIs(t *testing.T) {
	bin, _ := fakePeers(t)
	file, page, failed := measure(t, context.Background(), bin, "memory")
	if failed == nil || !strings.Contains(failed.Error(), "2 jobs failed") {
		t.Errorf("got %v, want an error that counts the failed jobs", failed)
	}
	if len(file.Rows) != 2 || file.Rows[0].Figures[results.OpsPerSecond] != (results.Spread{Least: 51, Median: 51.5, Greatest: 52}) {
		t.Errorf("rows %+v", file.Rows)
	}
	if file.Commit != "abc" || file.Rounds != 2 || file.Only != "memory" || file.Versions["pebble"] != "v7" || file.Versions["go"] == "" {
		t.Errorf("the file tells of the run %+v", file)
	}
	for _, want := range []string{"redis: no server", "cache-go: its program does not run", "embedded-go/pebble/memory, round 2: exit status 3: no room"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestInterruptedRunWritesWhatThereIs(t *testing.T) {
	bin, hanging := fakePeers(t)
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(hanging); err == nil {
				interrupt()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	file, page, failed := measure(t, ctx, bin, "rust/memory|hangs")
	if failed == nil || !file.Interrupted || len(file.Rows) != 2 || !strings.Contains(page, "The run was interrupted") {
		t.Errorf("got %v, %+v", failed, file)
	}
}

func TestNothingToDo(t *testing.T) {
	bin, _ := fakePeers(t)
	for _, args := range [][]string{{"-only=nobody", "-bin=" + bin}, {"-bin=" + t.TempDir()}} {
		if err := runAll(context.Background(), args); err == nil || !strings.Contains(err.Error(), "nothing to do") {
			t.Errorf("%v: got %v, want an error that there is nothing to do", args, err)
		}
	}
}

func TestFlagsThatAreRefused(t *testing.T) {
	for _, flag := range []string{"-scale=huge", "-only=[", "-rounds=-1", "-seconds=-1", "-timeout=-1s", "-keys=999", "-none", "stray"} {
		if _, err := parse([]string{flag}); err == nil {
			t.Errorf("%s is taken", flag)
		}
	}
	if _, err := parse([]string{"-keys=1000", "-only=memory", "-rounds=1", "-seconds=0.1"}); err != nil {
		t.Errorf("sound flags are refused: %v", err)
	}
}

func TestFree(t *testing.T) {
	name := filepath.Join(t.TempDir(), "today")
	for _, want := range []string{name + ".json", name + "-2.json", name + "-3.json"} {
		path, err := free(name)
		if err != nil || path != want {
			t.Fatalf("got %s, %v, want %s", path, err, want)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDiffFailsIfSlower(t *testing.T) {
	const data = "../../internal/diff/testdata/"
	other := filepath.Join(t.TempDir(), "other.json")
	if err := (&results.File{Format: results.Format, Rows: []results.Row{{Group: "g", Engine: "mantisdb-rust"}}}).Write(other); err != nil {
		t.Fatal(err)
	}
	const same, slower, wrong = 0, 1, 2
	for _, test := range []struct {
		args []string
		want int
	}{
		{[]string{data + "old.json", data + "new.json"}, slower},
		{[]string{data + "old.json", data + "old.json"}, same},
		{[]string{"-h"}, same},
		{[]string{data + "old.json"}, wrong},
		{[]string{data + "old.json", data + "none.json"}, wrong},
		{[]string{data + "old.json", other}, wrong},
		{[]string{"-percent=-1", data + "old.json", data + "old.json"}, wrong},
		{[]string{"-none"}, wrong},
	} {
		if err := writeDiff(test.args); exitCode(err) != test.want {
			t.Errorf("%v: %d for %v, want %d", test.args, exitCode(err), err, test.want)
		}
	}
}
