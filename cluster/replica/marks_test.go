package replica

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// TestMarksAreBounded: of the places in the log the newest are kept.
func TestMarksAreBounded(t *testing.T) {
	var c changes
	c.begin(record{term: 1, history: 1}, nil)
	for i := range uint64(3 * mostMarks) {
		c.add(&record{index: (i + 1) * markEvery, term: 1, history: 1, versions: i + 1}, nil, nil)
	}
	if len(c.marks) > mostMarks || len(c.marks) < mostMarks/2 {
		t.Errorf("%d marks", len(c.marks))
	}
	newest := c.known.version()
	if at, found := c.before(newest); !found || at.version() != newest-1 {
		t.Errorf("before version %d is %+v, %v", newest, at, found)
	}
	if at, found := c.before(versionIn(1, 1)); found || at != c.marks[0] {
		t.Errorf("before the first version is %+v, %v", at, found)
	}
}

// TestMarksAreApart: there is one for so many entries, and one for the beginning of each term.
func TestMarksAreApart(t *testing.T) {
	var m marks
	for _, one := range []record{
		{index: 1, term: 1}, {index: 2, term: 1}, {index: markEvery, term: 1, versions: 9},
		{index: markEvery + 1, term: 1, versions: 10}, {index: markEvery + 2, term: 2}, {index: markEvery + 2, term: 2},
		{index: markEvery + 3, term: 2, versions: 1},
	} {
		m.add(one)
	}
	want := marks{{index: 1, term: 1}, {index: markEvery + 1, term: 1, versions: 10}, {index: markEvery + 2, term: 2}}
	if !slices.Equal(m, want) {
		t.Errorf("the marks are %+v, and not %+v", m, want)
	}
	if got := m.upTo(markEvery + 1); !slices.Equal(got, want[:2]) {
		t.Errorf("up to an index: %+v", got)
	}
	if got := m.upTo(0); len(got) != 0 {
		t.Errorf("up to none: %+v", got)
	}
}

// TestMarksFile: what was kept is there again, and what is damaged in any way is not taken for marks.
func TestMarksFile(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	dir := t.TempDir()
	path := filepath.Join(dir, marksName)
	all := marks{{}, {index: 5, term: 1, holder: 2, history: 3, versions: 4}, {index: 9, term: 2, holder: 3, history: 3}}
	if got := (&marksFile{dir: dir}).load(quiet); got != nil {
		t.Errorf("of an empty directory: %+v", got)
	}
	f := &marksFile{dir: dir}
	for n := 1; n <= len(all); n++ {
		if err := f.save(func() marks { return all[:n] }); err != nil {
			t.Fatal(err)
		}
		if got := (&marksFile{dir: dir}).load(quiet); !slices.Equal(got, all[:n]) {
			t.Errorf("the file has %+v, and not %+v", got, all[:n])
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := slices.Clone(whole)
		damaged[i] ^= 0x10
		if got, err := parseMarks(damaged); !errors.Is(err, storage.ErrCorrupt) && !errors.Is(err, storage.ErrWrongFormat) {
			t.Fatalf("with byte %d damaged: %+v, %v", i, got, err)
		}
		if got, err := parseMarks(whole[:i]); !errors.Is(err, storage.ErrCorrupt) && !errors.Is(err, storage.ErrWrongFormat) {
			t.Fatalf("the first %d bytes: %+v, %v", i, got, err)
		}
	}
	for name, wrong := range map[string]marks{"out of order": {all[1], all[0]}, "twice": {all[1], all[1]}} {
		if got, err := parseMarks(wrong.append(nil)); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("marks %s: %+v, %v", name, got, err)
		}
	}
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := &marksFile{dir: dir}
	if got := damaged.load(quiet); got != nil {
		t.Errorf("of a damaged file: %+v", got)
	}
	if err := damaged.save(func() marks { return all }); err != nil {
		t.Fatal(err)
	}
	if got := (&marksFile{dir: dir}).load(quiet); !slices.Equal(got, all) {
		t.Errorf("in the place of a damaged file: %+v", got)
	}
}

// TestMarksAreNotWrittenAgain: a sync behind which there is no other mark leaves the file as it is.
func TestMarksAreNotWrittenAgain(t *testing.T) {
	m := members(t, 2)[0]
	l := m.lead(t, 1)
	path := m.replica.path(marksName)
	sync := func() os.FileInfo {
		t.Helper()
		if err := m.replica.Sync(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := sync()
	write(t, l, "value")
	if second := sync(); !os.SameFile(first, second) {
		t.Error("the file was written again for the same marks")
	}
	for range markEvery {
		write(t, l, "value")
	}
	if third := sync(); os.SameFile(first, third) {
		t.Error("the file was not written for another mark")
	}
}

// TestMarksThatCannotBeWritten: a replica goes on whose marks cannot be kept.
func TestMarksThatCannotBeWritten(t *testing.T) {
	m := members(t, 2)[0]
	l := m.lead(t, 1)
	path := m.replica.path(marksName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 * markEvery {
		write(t, l, "value")
	}
	result := make(chan error, 1)
	go func() { result <- m.replica.Sync() }()
	select {
	case err := <-result:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the replica does not sync")
		m.replica.Stop()
		<-result
	}
}
