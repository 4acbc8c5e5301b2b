package storage

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Some tests need a second process. It is this test binary again, told by the
// environment what to do, with a data directory.
const (
	roleVariable = "MANTISDB_TEST_ROLE"
	dirVariable  = "MANTISDB_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "open":
		_, err := Open(Config{Engine: EngineGo, Dir: os.Getenv(dirVariable)})
		fmt.Println(err)
	case "write":
		writeForever(os.Getenv(dirVariable))
	default:
		os.Exit(m.Run())
	}
}

func process(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir)
	c.Stderr = os.Stderr
	return c
}

func TestDirectoryIsLocked(t *testing.T) {
	dir := t.TempDir()
	e, err := Open(Config{Engine: EngineGo, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Engine: EngineGo, Dir: dir}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("opened twice: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Engine: EngineGo, Dir: link}); !errors.Is(err, ErrLocked) {
		t.Fatalf("opened twice, by another name: %v", err)
	}
	out, err := process(t, "open", dir).Output()
	if err != nil || !strings.HasPrefix(string(out), ErrLocked.Error()) {
		t.Fatalf("opened in another process: %s, %v", out, err)
	}
	// Those who were refused must not have taken the lock along.
	if out, err := process(t, "open", dir).Output(); err != nil || !strings.HasPrefix(string(out), ErrLocked.Error()) {
		t.Fatalf("opened in another process later: %s, %v", out, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := process(t, "open", link).Output(); err != nil || strings.TrimSpace(string(out)) != "<nil>" {
		t.Fatalf("opened in another process after Close: %s, %v", out, err)
	}
}

// writeForever prints each key once its write was acknowledged.
func writeForever(dir string) {
	e, err := Open(Config{Engine: EngineGo, Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := e.Stats()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := s.LastVersion; ; i++ {
		key := fmt.Sprintf("%d-%d", os.Getpid(), i)
		version, err := e.Put([]byte(key), []byte(key), WriteOptions{})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(key, version)
	}
}

// TestAcknowledgedSurvivesKill kills a process that writes, again and again.
func TestAcknowledgedSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged := make(map[string]uint64)
	for round := range 4 {
		readUntilKilled(t, dir, time.Duration(100+50*round)*time.Millisecond, acknowledged)
		e, err := Open(Config{Engine: EngineGo, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var newest uint64
		for key, version := range acknowledged {
			value, meta, err := e.AppendGetMeta(nil, []byte(key))
			if err != nil || string(value) != key || meta.Version != version {
				t.Fatalf("%s was acknowledged as version %d and is now %q of %d: %v", key, version, value, meta.Version, err)
			}
			newest = max(newest, version)
		}
		if version, err := e.Put([]byte("after"), nil, WriteOptions{}); err != nil || version <= newest {
			t.Fatalf("version %d follows %d: %v", version, newest, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was ever acknowledged")
	}
	t.Logf("%d writes were acknowledged", len(acknowledged))
}

// readUntilKilled starts a writer, notes what it says was acknowledged, and
// kills it.
func readUntilKilled(t *testing.T, dir string, after time.Duration, acknowledged map[string]uint64) {
	t.Helper()
	writer := process(t, "write", dir)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for killed := false; lines.Scan(); {
		key, text, _ := strings.Cut(lines.Text(), " ")
		version, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			break // cut off by the kill
		}
		acknowledged[key] = version
		if !killed {
			killed = true
			time.AfterFunc(after, func() { _ = writer.Process.Kill() })
		}
	}
	_ = writer.Wait() // it was killed
}
