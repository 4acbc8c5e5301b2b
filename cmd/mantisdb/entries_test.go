package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/storage"
)

// engines are those that this build has; in a short run, the one that it takes by itself.
func engines() []string {
	if storage.DefaultEngine == storage.EngineGo || testing.Short() {
		return []string{storage.DefaultEngine}
	}
	return []string{storage.EngineGo, storage.EngineRust}
}

// eachTarget runs a test with the flag of a server and with that of a directory, of every
// engine that the build has.
func eachTarget(t *testing.T, test func(t *testing.T, target string)) {
	t.Parallel()
	for _, engine := range engines() {
		t.Run("server of "+engine, func(t *testing.T) {
			t.Parallel()
			s := start(t, program(t, "--port=0", "--engine="+engine))
			test(t, "--server="+s.url)
			s.stop()
		})
		t.Run("directory of "+engine, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			// The one that made it is found out from then on.
			if got := finish(t, program(t, "put", "first", "x", "--data-dir="+dir, "--engine="+engine)); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			if got := finish(t, program(t, "del", "first", "--data-dir="+dir)); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			test(t, "--data-dir="+dir)
		})
	}
}

// want runs the program and compares what it leaves; stderr is what that must contain, and
// must be empty if that is.
func want(t *testing.T, stdin string, code int, stdout, stderr string, args ...string) {
	t.Helper()
	cmd := program(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	got := finish(t, cmd)
	if got.code != code || got.stdout != stdout || !strings.Contains(got.stderr, stderr) || (stderr == "") != (got.stderr == "") {
		t.Errorf("%.200q: exit code %d, want %d; stdout %.200q, want %.200q; stderr %.200q", args, got.code, code, got.stdout, stdout, got.stderr)
	}
}

func TestEntries(t *testing.T) {
	skipManyProcesses(t)
	eachTarget(t, func(t *testing.T, target string) {
		ok := func(stdout string, args ...string) {
			t.Helper()
			want(t, "", 0, stdout, "", append(args, target)...)
		}
		ok("", "put", "greeting", "hello")
		ok("hello", "get", "greeting") // and no line end
		ok("hello\n", "get", "greeting", "--newline")
		ok("68656c6c6f\n", "get", "greeting", "--output=hex")
		ok("aGVsbG8=\n", "get", "greeting", "-o", "base64")
		want(t, "in\x00put\n", 0, "", "", "put", "from stdin", target)
		want(t, "dash", 0, "", "", "put", "from dash", "-", target)
		ok("in\x00put\ndash", "get", "from stdin", "from dash")
		ok("", "put", "empty", "")
		ok("", "get", "empty")
		want(t, "", 0, "", "", "put", target, "number", "--", "-7")
		ok("-7", "get", "number")

		want(t, "", exitAbsent, "", `the key is absent, was deleted or has expired: "none"`, "get", "none", target)
		want(t, "", exitAbsent, "hello\n-7\n", `"none", 2 of 4`, "get", "greeting", "none", "number", "neither", "--newline", target)
		want(t, "", exitPresent, "", `has a value already, and nothing was changed: "greeting"`, "put", "greeting", "other", "--if-absent", target)
		ok("hello", "get", "greeting")
		ok("", "put", "new", "1", "--if-absent", "--ttl=1h", "--durability=buffered")
		if got := finish(t, program(t, "get", "new", "--output=json", target)); !strings.HasPrefix(got.stdout, `{"key_text":"new","value_text":"1","version":`) || !strings.Contains(got.stdout, `"expires_at":`) {
			t.Errorf("%+v", got)
		}
		ok("", "put", "brief", "1", "--ttl=1ms")
		time.Sleep(20 * time.Millisecond)
		want(t, "", exitAbsent, "", "absent", "get", "brief", target)

		ok("", "del", "greeting", "none", "empty", "new", "from stdin", "from dash")
		ok("number\t-7\n", "scan")
		want(t, "", 1, "", `keyspace not found`, "get", "number", "--keyspace=none", target)
	})
}

// TestBinaryEntries: keys and values of any bytes go in and out as they are, in every form.
func TestBinaryEntries(t *testing.T) {
	skipManyProcesses(t)
	eachTarget(t, func(t *testing.T, target string) {
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		escaped := string(appendEscaped(nil, every))
		want(t, string(every), 0, "", "", "put", "--key-form=escaped", escaped, target)
		want(t, "dots", 0, "", "", "put", "..", target)
		want(t, "slash", 0, "", "", "put", "a/../b", target)
		want(t, "batch", 0, "", "", "put", "batch", target)
		want(t, "", 0, "dotsslashbatch", "", "get", "..", "a/../b", "batch", target)
		want(t, "", 0, string(every), "", "get", "--key-form=escaped", escaped, target)
		want(t, "", 0, string(every), "", "get", "--key-form=hex", fmt.Sprintf("%x", every), target)
		want(t, "", 0, escaped+"\t"+escaped+"\n", "", "scan", "--limit=1", target)
		want(t, "", 0, fmt.Sprintf("%x\t%x\n", every, every), "", "scan", "--limit=1", "--output=hex", target)
		want(t, "", 0, "", "", "del", "--key-form=escaped", escaped, target)
		want(t, "", 0, "..\na/../b\nbatch\n", "", "scan", "--keys-only", target)

		key := strings.Repeat("\xff", mantisdb.MaxKeyLen/2) // an argument may not be much longer
		want(t, "long", 0, "", "", "put", key, target)
		want(t, "", 0, "long", "", "get", key, target)

		value := make([]byte, 20<<20)
		rand.Read(value)
		file := filepath.Join(t.TempDir(), "value")
		if err := os.WriteFile(file, value, 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, "", 0, "", "", "put", "big", "--file="+file, target)
		if got := finish(t, program(t, "get", "big", target)); got.code != 0 || got.stdout != string(value) {
			t.Errorf("exit code %d, %d bytes of %d: %s", got.code, len(got.stdout), len(value), got.stderr)
		}
	})
}

func TestValueTooLarge(t *testing.T) {
	t.Parallel()
	cmd := program(t, "put", "k", "--data-dir=data")
	cmd.Stdin = io.LimitReader(zeros{}, mantisdb.MaxValueLen+10)
	if got := finish(t, cmd); got.code != 1 || !strings.Contains(got.stderr, "value too large") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, "data")); err == nil {
		t.Error("it made the directory all the same")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestScanSelects(t *testing.T) {
	eachTarget(t, func(t *testing.T, target string) {
		in := program(t, "import", "-", target)
		in.Stdin = strings.NewReader(`{"key_text":"a/1","value_text":"A\t1"}` + "\n" + `{"key_text":"a/2","value":"/w=="}` + "\n" +
			`{"key_text":"b","value_text":"B"}` + "\n" + `{"keyspace":"other","key_text":"a/9","value_text":"9"}` + "\n")
		if got := finish(t, in); got.code != 0 {
			t.Fatalf("%+v", got)
		}
		for _, c := range []struct{ args, want string }{
			{"", "a/1\tA\\t1\na/2\t\\xff\nb\tB\n"},
			{"--prefix=a/ --keys-only", "a/1\na/2\n"},
			{"--from=a/2", "a/2\t\\xff\nb\tB\n"},
			{"--to=a/2", "a/1\tA\\t1\n"},
			{"--prefix=a/ --from=a/2 --to=z --keys-only", "a/2\n"},
			{"--from=z", ""},
			{"--from=b --to=a", ""},
			{"--limit=2 --keys-only", "a/1\na/2\n"},
			{"--limit=9 --keys-only --reverse", "b\na/2\na/1\n"},
			{"--limit=1 --reverse", "b\tB\n"},
			{"--prefix=612f --key-form=hex --keys-only", "a/1\na/2\n"},
			{"--output=base64 --prefix=b", "Yg==\tQg==\n"},
			{"--keyspace=other", "a/9\t9\n"},
			{"--keyspace=other --prefix=b", ""},
		} {
			want(t, "", 0, c.want, "", append(append([]string{"scan"}, strings.Fields(c.args)...), target)...)
		}
		want(t, "", 0, "other\n", "", "keyspaces", target)
		want(t, "", 0, `{"name":"other"}`+"\n", "", "keyspaces", "--json", target)

		// What it writes in JSON, import reads.
		lines := finish(t, program(t, "scan", "--output=json", target))
		if want := `{"key_text":"a/2","value":"/w==","version":`; !strings.Contains(lines.stdout, want) {
			t.Errorf("%+v lacks %s", lines, want)
		}
		want(t, "", 2, "", "give --yes", "del", "--prefix=a/", target)
		want(t, "", 0, "", "", "del", "--prefix=a/", "--yes", target)
		want(t, "", 0, "b\n", "", "scan", "--keys-only", target)
		want(t, lines.stdout, 0, "", "imported 3 entries", "import", "-", target)
		want(t, "", 0, "", "", "del", "--from=a/2", "--to=b", "--yes", target)
		want(t, "", 0, "a/1\nb\n", "", "scan", "--keys-only", target)
		want(t, "", 0, "", "", "del", "--all", "--yes", target)
		want(t, "", 0, "", "", "scan", target)
		want(t, "", 0, "a/9\t9\n", "", "scan", "--keyspace=other", target)
		want(t, "", 0, "", "", "del", "a/9", "--keyspace=other", target)
		want(t, "", exitAbsent, "", "absent", "get", "a/9", "--keyspace=other", target)
	})
}

// TestReaderGone: a reader of the output that ends early, as head does, is no failure, and
// a directory is left in order.
func TestReaderGone(t *testing.T) {
	eachTarget(t, func(t *testing.T, target string) {
		in := program(t, "import", "-", target)
		in.Stdin = strings.NewReader(lines(20_000))
		if got := finish(t, in); got.code != 0 {
			t.Fatalf("%+v", got)
		}
		cmd := program(t, "scan", target)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		out.Close()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 0 || stderr.Len() > 0 {
			t.Errorf("%v: %s", cmd.ProcessState, &stderr)
		}
		if got := finish(t, program(t, "scan", "--keys-only", target)); strings.Count(got.stdout, "\n") != 20_000 {
			t.Errorf("%d keys, %s", strings.Count(got.stdout, "\n"), got.stderr)
		}
	})
}

// TestPutInterrupted: a signal ends a put that waits for its value, and nothing is stored.
func TestPutInterrupted(t *testing.T) {
	t.Parallel()
	cmd := program(t, "put", "k", "--data-dir=data")
	stdin, stderr := begin(t, cmd)
	// More than a pipe holds: when it is written, the program reads.
	if _, err := stdin.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || stderr.String() != "mantisdb: interrupted\n" {
		t.Errorf("%v: %s", cmd.ProcessState, stderr)
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, "data")); err == nil {
		t.Error("it made the directory all the same")
	}
}

// TestReadingMakesNoDatabase of an empty directory.
func TestReadingMakesNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{{"get", "k"}, {"scan"}, {"del", "k"}, {"stats"}, {"keyspaces"}, {"export", "-"}, {"backup", "-"}} {
		want(t, "", 1, "", "is no data directory", append(args, "--data-dir="+dir)...)
		want(t, "", 1, "", "is no data directory", append(args, "--data-dir="+dir, "--engine=go")...)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
}
