package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupCommands: backup, checkpoint, check and restore, of a running server
// and of a directory, have the same entries all the way.
func TestBackupCommands(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	s := start(t, program(t, "--port=0", "--engine=go", "--data-dir="+in("data"), "--durability=buffered",
		"--memory-limit=64MiB", "--checkpoint-dir="+in("checkpoints")))
	want := sampleLines()
	if err := os.WriteFile(in("want"), []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) result {
		t.Helper()
		got := finish(t, program(t, args...))
		if got.code != 0 {
			t.Fatalf("%v: %+v", args, got)
		}
		return got
	}
	run("import", in("want"), "--server="+s.url)
	if _, body := s.do("GET", "/api/v1/stats", ""); !strings.Contains(body, `"durability":"buffered"`) || !strings.Contains(body, `"memory_limit":67108864`) {
		t.Errorf("%s", body)
	}
	run("backup", in("online.backup"), "--server="+s.url)
	made := run("checkpoint", "first", "--server="+s.url)
	if got := strings.TrimSpace(made.stdout); got != in("checkpoints/first") {
		t.Errorf("the checkpoint is at %q", got)
	}
	if got := finish(t, program(t, "checkpoint", "first", "--server="+s.url)); got.code != 1 || !strings.Contains(got.stderr, "not empty") {
		t.Errorf("a checkpoint over another: %+v", got)
	}
	if got := finish(t, program(t, "check", in("data"))); got.code != 1 || !strings.Contains(got.stderr, "in use") {
		t.Errorf("check of a server's directory: %+v", got)
	}
	s.stop()

	run("backup", in("offline.backup"), "--data-dir="+in("data"), "--engine=go")
	run("checkpoint", in("second"), "--data-dir="+in("data"), "--engine=go")
	run("restore", in("online.backup"), "--data-dir="+in("from-online"), "--engine=go")
	run("restore", in("offline.backup"), "--data-dir="+in("from-offline"), "--engine=go")
	for _, name := range []string{"data", "checkpoints/first", "second", "from-online", "from-offline"} {
		if got := run("check", in(name)); !strings.Contains(got.stdout, "no problems found") {
			t.Errorf("check of %s says %s", name, got.stdout)
		}
		if got := run("export", "-", "--data-dir="+in(name), "--engine=go"); got.stdout != want {
			t.Errorf("%s has other entries", name)
		}
	}
	if got := finish(t, program(t, "restore", in("online.backup"), "--data-dir="+in("data"), "--engine=go")); got.code != 1 || !strings.Contains(got.stderr, "not empty") {
		t.Errorf("restore over a database: %+v", got)
	}
}

// TestCheckTellsDamage with its exit code, and names the file.
func TestCheckTellsDamage(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	dir := filepath.Join(folder, "data")
	file := filepath.Join(folder, "in")
	if err := os.WriteFile(file, []byte(sampleLines()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := finish(t, program(t, "import", file, "--data-dir="+dir, "--engine=go")); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	// Opening it once more makes tables of the log.
	if got := finish(t, program(t, "export", os.DevNull, "--data-dir="+dir, "--engine=go")); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("%v, %v", tables, err)
	}
	data, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/3] ^= 1
	if err := os.WriteFile(tables[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	got := finish(t, program(t, "check", dir))
	if got.code != 1 || !strings.Contains(got.stderr, filepath.Base(tables[0])) || !strings.Contains(got.stdout, "damaged: ") {
		t.Errorf("%+v", got)
	}
}
