//go:build linux

package clustertest

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program, made once with the tags of the tests.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// program returns the path of the program.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "clustertest"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "mantisdb")
		cmd := exec.Command("go", "build", "-tags", buildTags, "-o", built.path, "github.com/mantisdb/mantisdb/cmd/mantisdb")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if built.err = cmd.Run(); built.err != nil {
			built.err = &exec.Error{Name: out.String(), Err: built.err}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}
