package clock

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Variable is the variable of the environment that names the file with a process's step, in
// seconds.
const Variable = "MANTISDB_TEST_CLOCK"

// The files that are added to the program: what follows the file, and, where there is a library of
// C, what that asks.
var (
	//go:embed testdata/follow.go
	follow []byte
	//go:embed testdata/library.go
	library []byte
)

// What the standard library asks for the time, and what it does then.
const (
	asked   = "sec, nsec, mono := runtimeNow()\n"
	stepped = asked + "\tsec += wallStep.Load()\n"
)

// addition is what is added to package time.
const addition = `
var wallStep atomic.Int64

// SetWallStep has the wall clock be off by so many seconds.
func SetWallStep(seconds int64) { wallStep.Store(seconds) }
`

// Overlay writes into a directory what `go build -overlay` needs to make a program, whose package
// main is in mainDir, with a wall clock that can be stepped. It returns the argument. withLibrary
// tells that the program has a library of C.
func Overlay(dir, mainDir string, withLibrary bool) (argument string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	changed, err := change(string(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", original, err)
	}
	files := map[string][]byte{original: changed, filepath.Join(mainDir, "clock_follow.go"): follow}
	if withLibrary {
		files[filepath.Join(mainDir, "clock_library.go")] = library
	}
	replace := make(map[string]string)
	for name, content := range files {
		replace[name] = filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(replace[name], content, 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return "-overlay=" + path, os.WriteFile(path, overlay, 0o600)
}

// change is the file of package time that has Now, with the step.
func change(text string) ([]byte, error) {
	const imports = "import (\n"
	if strings.Count(text, asked) != 1 || strings.Count(text, imports) != 1 {
		return nil, errors.New("this release of Go asks for the time in another way: see clock.Overlay")
	}
	text = strings.Replace(text, asked, stepped, 1)
	text = strings.Replace(text, imports, imports+"\t\"sync/atomic\"\n", 1)
	return []byte(text + addition), nil
}
