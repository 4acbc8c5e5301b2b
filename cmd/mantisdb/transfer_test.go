package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// farFuture is an expiry in Unix milliseconds, in 2100.
const farFuture = 4102444800000

// sampleLines are entries of every kind, as export writes them: in order, those of
// keyspaces at the end.
func sampleLines() string {
	var b strings.Builder
	keyspace := ""
	line := func(key, value []byte, expiresAt int64) {
		encode := base64.StdEncoding.EncodeToString
		fmt.Fprintf(&b, `{%s"key":%q,"value":%q`, keyspace, encode(key), encode(value))
		if expiresAt != 0 {
			fmt.Fprintf(&b, `,"expires_at":%d`, expiresAt)
		}
		b.WriteString("}\n")
	}
	line([]byte{0}, nil, 0)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	line(every, every, farFuture+1)
	line([]byte{0, 0xff}, []byte("\r\n\"\\"), farFuture)
	line([]byte("big"), bytes.Repeat([]byte("0123456789"), 500_000), 0) // a batch of its own
	for i := range 9000 {                                               // several batches
		line(fmt.Appendf(nil, "k%05d", i), fmt.Appendf(nil, "value %d", i), int64(i%2)*farFuture)
	}
	line(bytes.Repeat([]byte{0xff}, mantisdb.MaxKeyLen), []byte("the last key"), 0)
	for _, keyspace = range []string{`"keyspace":"a/b \"é\"",`, `"keyspace":"second",`} {
		line([]byte{0}, nil, 0)
		line([]byte{0, 0, 0, 0, 0, 0, 1}, []byte(keyspace), farFuture)
	}
	return b.String()
}

// TestRoundTrip: import, export, import into the other kind of target, export
// again: not a byte and not an expiry changes.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
	s := start(t, program(t, "--port=0", "--engine=go"))
	folder := t.TempDir()
	in, first, second := filepath.Join(folder, "in"), filepath.Join(folder, "first"), filepath.Join(folder, "second")
	dir := filepath.Join(folder, "data")
	want := sampleLines()
	if err := os.WriteFile(in, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"import", in, "--server=" + s.url},
		{"export", first, "--server=" + s.url + "/"},
		{"import", first, "--data-dir=" + dir, "--engine=go"},
		{"export", second, "--data-dir=" + dir, "--engine=go"},
	} {
		got := finish(t, program(t, args...))
		if got.code != 0 || got.stdout != "" || !strings.Contains(got.stderr, fmt.Sprintf("ed %d entries in ", strings.Count(want, "\n"))) {
			t.Fatalf("%v: %+v", args, got)
		}
	}
	for _, path := range []string{first, second} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s differs from the input: %d bytes, %v", path, len(got), err)
		}
	}
	s.stop()
}

func TestStandardInputAndOutput(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	in := program(t, "import", "-", "--data-dir="+dir, "--engine=go")
	in.Stdin = strings.NewReader(`{"key_text":"é","value_text":"text\n"}` + "\r\n" +
		`{"key_text":"twice","value_text":"first"}` + "\n" +
		`{"key_text":"past","value_text":"x","expires_at":1}` + "\n" +
		`{"key_text":"ttl","value_text":"x","ttl":"100h","version":7}` + "\n" +
		`{"key_text":"twice","value_text":"last"}`)
	if got := finish(t, in); got.code != 0 || !strings.HasPrefix(got.stderr, "imported 5 entries in ") {
		t.Fatalf("%+v", got)
	}
	got := finish(t, program(t, "export", "-", "--data-dir="+dir, "--engine=go"))
	lines := strings.Split(got.stdout, "\n")
	if got.code != 0 || len(lines) != 4 || lines[3] != "" {
		t.Fatalf("%+v", got)
	}
	if !strings.HasPrefix(lines[0], `{"key":"dHRs","value":"eA==","expires_at":`) {
		t.Errorf("%s", lines[0])
	}
	if want := `{"key":"dHdpY2U=","value":"bGFzdA=="}` + "\n" + `{"key":"w6k=","value":"dGV4dAo="}`; strings.Join(lines[1:3], "\n") != want {
		t.Errorf("%s", got.stdout)
	}
}

// TestMalformedLine: the line is named, those before it are stored and none
// behind it is.
func TestMalformedLine(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
	s := start(t, program(t, "--port=0", "--engine=go"))
	const good = batchEntries + 10
	for _, c := range []struct{ bad, want, target string }{
		{`{"key_text":"k","value_text":"v"`, "ends too early", "--server=" + s.url},
		{``, "empty line", "--data-dir=empty --engine=go"},
		{`{"end":true,"count":1,"next_cursor":null}`, fmt.Sprintf("it ends a scan of 1 entries, and %d are before it", good), "--data-dir=end --engine=go"},
		{`{"key_text":"","value_text":"v"}`, "key is empty", "--data-dir=key --engine=go"},
		{`{"key_text":"` + strings.Repeat("k", mantisdb.MaxKeyLen+1) + `","value_text":"v"}`, "key too large", "--data-dir=long --engine=go"},
	} {
		target := strings.Fields(c.target)
		cmd := program(t, append([]string{"import", "-"}, target...)...)
		cmd.Stdin = strings.NewReader(lines(good) + c.bad + "\n" + `{"key_text":"behind","value_text":"v"}` + "\n")
		got := finish(t, cmd)
		if got.code != 1 || !strings.Contains(got.stderr, fmt.Sprintf("line %d: ", good+1)) ||
			!strings.Contains(got.stderr, c.want) || !strings.Contains(got.stderr, fmt.Sprintf("(imported before it: %d entries)", good)) ||
			strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%.80s: %+v", c.bad, got)
		}
		export := program(t, append([]string{"export", "-"}, target...)...)
		export.Dir = cmd.Dir
		out := finish(t, export)
		if strings.Count(out.stdout, "\n") != good || strings.Contains(out.stdout, base64.StdEncoding.EncodeToString([]byte("behind"))) {
			t.Errorf("%.80s: %d entries are there: %s", c.bad, strings.Count(out.stdout, "\n"), out.stderr)
		}
	}
	s.stop()
}

// TestExportReplacesWhole: a file is replaced by a whole export or not at all,
// and nothing else is left beside it.
func TestExportReplacesWhole(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
	folder := t.TempDir()
	dir, path := filepath.Join(folder, "data"), filepath.Join(folder, "out")
	in := program(t, "import", "-", "--data-dir="+dir, "--engine=go")
	in.Stdin = strings.NewReader(`{"key_text":"k","value_text":"v"}`)
	if got := finish(t, in); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink("out", link); err != nil {
		t.Fatal(err)
	}
	if got := finish(t, program(t, "export", link, "--server=http://127.0.0.1:1")); got.code != 1 {
		t.Errorf("%+v", got)
	}
	if old, err := os.ReadFile(path); err != nil || string(old) != "old" {
		t.Errorf("a failed export left %q, %v", old, err)
	}
	if got := finish(t, program(t, "export", link, "--data-dir="+dir, "--engine=go")); got.code != 0 {
		t.Errorf("%+v", got)
	}
	const want = `{"key":"aw==","value":"dg=="}` + "\n"
	if now, err := os.ReadFile(path); err != nil || string(now) != want {
		t.Errorf("%q, %v", now, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is none any more: %v, %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 3 {
		t.Errorf("%v, %v", names, err)
	}
	if got := finish(t, program(t, "export", "/dev/null", "--data-dir="+dir, "--engine=go")); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Errorf("/dev/null is %v, %v", info.Mode(), err)
	}
	if got := finish(t, program(t, "export", folder, "--data-dir="+dir, "--engine=go")); got.code != 1 || !strings.Contains(got.stderr, "is a directory") {
		t.Errorf("%+v", got)
	}
	if got := finish(t, program(t, "export", filepath.Join(folder, "none", "out"), "--data-dir="+dir, "--engine=go")); got.code != 1 || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("%+v", got)
	}
}

// TestImportInterrupted: a signal ends an import that waits for input.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	cmd := program(t, "import", "-", "--data-dir=data", "--engine=go")
	_, stderr := begin(t, cmd)
	marker := filepath.Join(cmd.Dir, "data", "MANTISDB")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(marker); err == nil {
			break // it has come as far as the database
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(stderr.String(), "mantisdb: interrupted (imported before it: 0 entries)") {
		t.Errorf("%d %s", code, stderr.String())
	}
}

// TestLockedDirectory names the way out.
func TestLockedDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, program(t, "--port=0", "--data-dir="+dir, "--engine=go"))
	for _, verb := range []string{"import", "export"} {
		cmd := program(t, verb, "-", "--data-dir="+dir, "--engine=go")
		if got := finish(t, cmd); got.code != 1 || !strings.Contains(got.stderr, "--server") || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: %+v", verb, got)
		}
	}
	s.stop()
}
