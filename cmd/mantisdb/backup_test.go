package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBackupCommands: backup, checkpoint, check and restore, of a running server
// and of a directory, have the same entries all the way.
func TestBackupCommands(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
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
	// Into a server, what is there already stays, and what has the same key is replaced.
	s = start(t, program(t, "--port=0", "--engine=go"))
	if code, body := s.do("PUT", "/api/v1/kv/k00001", "another"); code != 204 {
		t.Fatalf("%d %s", code, body)
	}
	if got := finish(t, program(t, "restore", in("online.backup"), "--server="+s.url)); got.code != 1 || !strings.Contains(got.stderr, "has entries") {
		t.Errorf("restore into a server with entries: %+v", got)
	}
	if got := run("restore", in("online.backup"), "--force", "--server="+s.url); !strings.Contains(got.stderr, "restored 90") {
		t.Errorf("%+v", got)
	}
	if got := run("export", "-", "--server="+s.url); got.stdout != want {
		t.Errorf("the server has other entries")
	}
	if got := run("check", "--server="+s.url); !strings.Contains(got.stdout, "no problems found") {
		t.Errorf("%+v", got)
	}
	s.stop()
	if got := finish(t, program(t, "restore", in("online.backup"), "--data-dir="+in("data"), "--engine=go")); got.code != 1 || !strings.Contains(got.stderr, "not empty") {
		t.Errorf("restore over a database: %+v", got)
	}
}

// TestBackupTellsWhichSideFailed: a full disk here is not blamed on the server.
func TestBackupTellsWhichSideFailed(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go"))
	r, err := openRemote(t.Context(), s.url, trustFlags{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	full, w := io.Pipe()
	full.CloseWithError(syscall.ENOSPC)
	if _, err := r.backup(t.Context(), w); err == nil || err.Error() != "cannot write: "+syscall.ENOSPC.Error() {
		t.Error(err)
	}
}

// TestCheckTellsDamage with its exit code, and names the file.
func TestCheckTellsDamage(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
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

// TestRestoreOfDamage into a server changes nothing, and leaves no temporary files.
func TestRestoreOfDamage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	want(t, "value", 0, "", "", "put", "k", "--data-dir="+dir)
	file := filepath.Join(t.TempDir(), "backup")
	if got := finish(t, program(t, "backup", file, "--data-dir="+dir)); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, program(t, "--port=0", "--engine=go"))
	temp := t.TempDir()
	cmd := program(t, "restore", file, "--server="+s.url)
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	if got := finish(t, cmd); got.code != 1 || !strings.Contains(got.stderr, "ends before") {
		t.Errorf("%+v", got)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	want(t, "", 0, "", "", "scan", "--server="+s.url)
	s.stop()
}

// skipManyProcesses skips, in a short run, a test that starts the program many times, which
// takes minutes under the race detector, and what it runs there other tests run as well.
func skipManyProcesses(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the program many times")
	}
}
