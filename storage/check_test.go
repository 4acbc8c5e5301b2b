package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filledDir is a closed directory of the pure-Go engine, with tables and a log.
func filledDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	e, err := Open(Config{Engine: EngineGo, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4000 {
		if _, err := e.Put(fmt.Appendf(nil, "key-%05d", i), bytes.Repeat([]byte{byte(i)}, 200), WriteOptions{Durability: DurabilityBuffered}); err != nil {
			t.Fatal(err)
		}
		if i == 3000 {
			if err := e.(*GoStorageEngine).db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheckFindsNothingWrong(t *testing.T) {
	dir := filledDir(t)
	before := snapshotOfFiles(t, dir)
	var report strings.Builder
	if err := Check(dir, &report); err != nil {
		t.Fatalf("%v\n%s", err, report.String())
	}
	if !strings.Contains(report.String(), "4000 keys") || !strings.Contains(report.String(), "no problems") {
		t.Errorf("it says %q", report.String())
	}
	if after := snapshotOfFiles(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("it changed the directory from %v to %v", before, after)
	}
	e, err := Open(Config{Engine: EngineGo, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := Check(dir, io.Discard); !errors.Is(err, ErrLocked) {
		t.Errorf("of a directory in use: %v", err)
	}
}

// snapshotOfFiles is names and lengths.
func snapshotOfFiles(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]int64)
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = info.Size()
	}
	return files
}

// TestCheckNamesTheTable that is damaged, wherever a byte of it is, but for the
// footer, whose padding means nothing.
func TestCheckNamesTheTable(t *testing.T) {
	dir := filledDir(t)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("%v, %v", tables, err)
	}
	table := tables[0]
	whole, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	const footer = 53
	for at := 0; at < len(whole)-footer; at += len(whole) / 40 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x10
		write(t, table, string(damaged))
		var report strings.Builder
		if err := Check(dir, &report); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Base(table)) {
			t.Errorf("byte %d of %d: %v\n%s", at, len(whole), err, report.String())
		}
		for line := range strings.Lines(report.String()) {
			if !strings.HasPrefix(line, "damaged: ") && !strings.Contains(line, " of them damaged") && !strings.Contains(line, " keys, ") {
				t.Fatalf("byte %d of %d: a line that tells of no problem: %s", at, len(whole), line)
			}
		}
	}
	if err := os.Remove(table); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir, io.Discard); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), strings.TrimSuffix(filepath.Base(table), ".sst")) {
		t.Errorf("a missing table: %v", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for dir, want := range map[string]error{
		empty: ErrWrongFormat, file: ErrWrongFormat, filepath.Join(empty, "none"): ErrIO,
	} {
		if err := Check(dir, io.Discard); !errors.Is(err, want) {
			t.Errorf("Check of %s: %v", dir, err)
		}
		if err := Repair(dir, filepath.Join(empty, "new"), io.Discard); !errors.Is(err, want) {
			t.Errorf("Repair of %s: %v", dir, err)
		}
	}
	if err := Repair(filledDir(t), filepath.Join(empty, "new"), io.Discard); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Repair: %v", err)
	}
}

// TestCheckOfAnUnfinishedTable, which a process leaves that dies while it writes one:
// nothing speaks of it.
func TestCheckOfAnUnfinishedTable(t *testing.T) {
	dir := filledDir(t)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("%v, %v", tables, err)
	}
	whole, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	unfinished := filepath.Join(dir, "999999.sst")
	write(t, unfinished, string(whole[:len(whole)/2]))
	var report strings.Builder
	if err := Check(dir, &report); err != nil {
		t.Errorf("%v\n%s", err, report.String())
	}
	if want := "notice: " + unfinished; !strings.Contains(report.String(), want) {
		t.Errorf("it does not say %q but %q", want, report.String())
	}
	manifest, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
	if err != nil || len(manifest) != 1 {
		t.Fatalf("%v, %v", manifest, err)
	}
	write(t, manifest[0], "damaged")
	if err := Check(dir, io.Discard); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), unfinished) {
		t.Errorf("with a manifest that cannot tell: %v", err)
	}
}
