//go:build rust

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

// rustDir is a closed directory of the Rust engine, with a segment and a log.
func rustDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	e, err := Open(Config{Engine: EngineRust, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string) {
		for i := range 1000 {
			if _, err := e.Put(fmt.Appendf(nil, "%s-%04d", name, i), bytes.Repeat([]byte{byte(i)}, 100), WriteOptions{Durability: DurabilityBuffered}); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("segment")
	if err := e.Compact(); err != nil {
		t.Fatal(err)
	}
	put("log")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// entriesOf counts what a directory of the Rust engine holds.
func entriesOf(t *testing.T, dir string) int {
	t.Helper()
	e, err := Open(Config{Engine: EngineRust, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	entries := 0
	for _, name := range []string{"segment", "log"} {
		for i := range 1000 {
			if _, err := e.AppendGet(nil, fmt.Appendf(nil, "%s-%04d", name, i)); err == nil {
				entries++
			}
		}
	}
	return entries
}

// one is the first file of a pattern in a directory.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	return paths[0]
}

// flip changes a byte of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= 0x10
	write(t, path, string(data))
}

func TestRepairOfASoundDirectory(t *testing.T) {
	dir, to := rustDir(t), filepath.Join(t.TempDir(), "new")
	var report strings.Builder
	if err := Check(dir, &report); err != nil || report.String() != "no problems found\n" {
		t.Fatalf("%v: %s", err, report.String())
	}
	report.Reset()
	if err := Repair(dir, to, &report); err != nil {
		t.Fatalf("%v: %s", err, report.String())
	}
	if want := "lost 0 versions, 0 damaged parts with 0 bytes, and 0 files"; !strings.Contains(report.String(), want) {
		t.Errorf("it says %s", report.String())
	}
	if entries := entriesOf(t, to); entries != 2000 {
		t.Errorf("%d entries", entries)
	}
}

// TestRepairTellsLosses in its report and by its error; the new directory is good.
func TestRepairTellsLosses(t *testing.T) {
	dir, to := rustDir(t), filepath.Join(t.TempDir(), "new")
	segment := one(t, dir, "*.seg")
	if err := os.Remove(segment); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir, io.Discard); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "1 problem in ") {
		t.Errorf("Check: %v", err)
	}
	var report strings.Builder
	err := Repair(dir, to, &report)
	if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "1000 versions") || !strings.Contains(err.Error(), "and 1 file") {
		t.Errorf("Repair: %v", err)
	}
	if !strings.Contains(report.String(), filepath.Base(segment)) {
		t.Errorf("it says %s", report.String())
	}
	if entries := entriesOf(t, to); entries != 1000 {
		t.Errorf("%d entries", entries)
	}
}

// TestEveryFlippedMarkerIsDamage, and no obstacle; so is a missing one.
func TestEveryFlippedMarkerIsDamage(t *testing.T) {
	dir := rustDir(t)
	marker := filepath.Join(dir, markerName)
	check := func(what string) {
		var report strings.Builder
		err := Check(dir, &report)
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "1 problem in ") || !strings.Contains(report.String(), "damage: "+marker) {
			t.Errorf("%s: %v\n%s", what, err, report.String())
		}
	}
	for at := range markerText(EngineRust) {
		flip(t, marker, at)
		check(fmt.Sprintf("byte %d", at))
		flip(t, marker, at)
	}
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}
	check("no marker")
	to := filepath.Join(t.TempDir(), "new")
	var report strings.Builder
	if err := Repair(dir, to, &report); err != nil || !strings.Contains(report.String(), "missing marker") {
		t.Errorf("%v: %s", err, report.String())
	}
	if entries := entriesOf(t, to); entries != 2000 {
		t.Errorf("%d entries", entries)
	}
}

// TestCheckNamesEachDamage without a manifest, and what is no file.
func TestCheckNamesEachDamage(t *testing.T) {
	dir := rustDir(t)
	segment := one(t, dir, "*.seg")
	flip(t, segment, 200)
	flip(t, filepath.Join(dir, "MANIFEST"), 40)
	var report strings.Builder
	err := Check(dir, &report)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(report.String(), "damage: "+segment) || !strings.Contains(report.String(), "damage: "+filepath.Join(dir, "MANIFEST")) {
		t.Errorf("%v\n%s", err, report.String())
	}
	flip(t, filepath.Join(dir, "MANIFEST"), 40)
	for _, name := range []string{segment, filepath.Join(dir, "folder")} {
		_ = os.Remove(name)
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	report.Reset()
	err = Check(dir, &report)
	for _, want := range []string{"damage: " + segment, "it is not a file", "notice: " + filepath.Join(dir, "folder")} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("%q is not in %v\n%s", want, err, report.String())
		}
	}
}
