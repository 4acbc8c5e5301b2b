//go:build linux

package clustertest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/internal/clustertest/clock"
)

// mainPackage is the program's.
const mainPackage = "github.com/mantisdb/mantisdb/cmd/mantisdb"

// built is a program, made once with the tags of the tests.
type built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// The program, and the one whose clock can be stepped.
var asIs, withClock built

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, b := range []*built{&asIs, &withClock, &newer} {
		if b.dir != "" {
			_ = os.RemoveAll(b.dir)
		}
	}
	os.Exit(code)
}

// program returns the path of the program.
func program(t *testing.T) string {
	t.Helper()
	return asIs.get(t, func(string) ([]string, error) { return nil, nil })
}

// programWithClock returns the path of the program whose clock can be stepped. With nothing of it
// built before, it takes some minutes, since all that knows of the time is built anew.
func programWithClock(t *testing.T) string {
	t.Helper()
	return withClock.get(t, func(dir string) ([]string, error) {
		mainDir, err := exec.Command("go", "list", "-f", "{{.Dir}}", mainPackage).Output()
		if err != nil {
			return nil, err
		}
		argument, err := clock.Overlay(dir, string(bytes.TrimSpace(mainDir)), buildTags == "rust")
		return []string{argument}, err
	})
}

// get builds the program, if it was not, with more flags.
func (b *built) get(t *testing.T, flags func(dir string) ([]string, error)) string {
	t.Helper()
	b.once.Do(func() { b.err = b.build(flags) })
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

func (b *built) build(flags func(dir string) ([]string, error)) (err error) {
	if b.dir, err = os.MkdirTemp("", "clustertest"); err != nil {
		return err
	}
	b.path = filepath.Join(b.dir, "mantisdb")
	more, err := flags(b.dir)
	if err != nil {
		return err
	}
	all := append([]string{"build", "-tags", buildTags, "-o", b.path}, append(more, mainPackage)...)
	if out, err := exec.Command("go", all...).CombinedOutput(); err != nil {
		return fmt.Errorf("go %v: %w: %s", all, err, out)
	}
	return nil
}
