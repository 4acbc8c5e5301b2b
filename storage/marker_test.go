package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestMarkerIsMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	for range 2 {
		if err := checkMarker(dir, EngineGo); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "MANTISDB"))
	if err != nil || string(text) != "mantisdb\nengine: go\nformat: 1\n" {
		t.Fatalf("the marker says %q, %v", text, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files are left, %v", len(entries), err)
	}
}

func TestMarkerAfterAnInterruptedCreation(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "MANTISDB.tmp-123"), "mantis")
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := checkMarker(dir, EngineGo); err != nil {
		t.Fatal(err)
	}
}

func TestMarkerRefusals(t *testing.T) {
	for _, test := range []struct {
		name, marker string
		want         error
		says         []string
	}{
		{"another engine", markerText(EngineRust), ErrWrongEngine, []string{`"rust"`, `"go"`, "mantisdb export", "mantisdb import"}},
		{"a newer format", "mantisdb\nengine: go\nformat: 2\n", ErrWrongFormat, []string{`"2"`, `"1"`}},
		{"no format", "mantisdb\nengine: go\n", ErrWrongFormat, nil},
		{"no engine", "mantisdb\nformat: 1\n", ErrWrongFormat, nil},
		{"something else", "hello", ErrWrongFormat, nil},
		{"nothing", "", ErrWrongFormat, nil},
		{"too much", "mantisdb\n" + strings.Repeat("x", 1<<20), ErrWrongFormat, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, markerName), test.marker)
			err := checkMarker(dir, EngineGo)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			for _, word := range append(test.says, dir) {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not name %q", err, word)
				}
			}
		})
	}
}

// TestMarkerSparesOtherFolders opens what is not a data directory, and expects
// to find it unchanged.
func TestMarkerSparesOtherFolders(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "thesis.tex"), "precious")
	_, err := Open(Config{Engine: EngineGo, Dir: dir})
	if !errors.Is(err, ErrWrongFormat) || !strings.Contains(err.Error(), "thesis.tex") {
		t.Fatalf("got %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files are there, %v", len(entries), err)
	}

	file := filepath.Join(dir, "thesis.tex")
	_, err = Open(Config{Engine: EngineGo, Dir: file})
	if !errors.Is(err, ErrWrongFormat) || !strings.Contains(err.Error(), file+" is a file, and a directory is needed") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("a file as data directory: %v", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "precious" {
		t.Fatalf("the file now says %q", text)
	}
}

// TestMarkerRace has two engines mark the same directory: one of them wins.
func TestMarkerRace(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { errs[i] = checkMarker(dir, []string{EngineGo, EngineRust}[i%2]) })
		}
		wg.Wait()
		for i, err := range errs {
			if (err == nil) != (errs[i%2] == nil) {
				t.Fatalf("the calls of one engine do not agree: %v", errs)
			}
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("two winners or none: %v", errs)
		}
	}
}

func TestMarkerUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if err := checkMarker(dir, EngineGo); !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("got %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
