package storage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
