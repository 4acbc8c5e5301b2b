package storage

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEngineIsToldByFiles if the marker is missing or damaged.
func TestEngineIsToldByFiles(t *testing.T) {
	for _, c := range []struct {
		name, marker string // an empty marker is none
		files        map[string]string
		engine       string
		fault        string
	}{
		{name: "marked", marker: markerText(EngineRust), files: map[string]string{"MANIFEST": "x"}, engine: EngineRust},
		{name: "marked go", marker: markerText(EngineGo), files: map[string]string{"00000001.seg": ""}, engine: EngineGo},
		{name: "segment", files: map[string]string{"00000001.seg": ""}, engine: EngineRust, fault: "missing marker"},
		{name: "log", files: map[string]string{"0000000000000000.log": ""}, engine: EngineRust, fault: "missing marker"},
		{name: "manifest", files: map[string]string{"MANIFEST": "MANTISMF..."}, engine: EngineRust, fault: "missing marker"},
		{name: "damaged", marker: "mantisdc\n", files: map[string]string{"00000001.seg": ""}, engine: EngineRust, fault: "damaged marker: "},
		{name: "misspelled", marker: "mantisdb\nengine: rusu\nformat: 1\n", files: map[string]string{"00000001.seg": ""}, engine: EngineRust, fault: "damaged marker: "},
		{name: "another manifest", files: map[string]string{"MANIFEST": "include *.py"}},
		{name: "pebble", files: map[string]string{"MANIFEST-000001": "", "000002.log": "", "000004.sst": ""}},
		{name: "nothing"},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			write(t, filepath.Join(dir, name), text)
		}
		if c.marker != "" {
			write(t, filepath.Join(dir, markerName), c.marker)
		}
		engine, marker, err := engineOf(dir)
		if engine != c.engine || (err == nil) != (c.engine != "") {
			t.Errorf("%s: engine %q, %v", c.name, engine, err)
		}
		if (marker == nil) != (c.fault == "") || marker != nil && !strings.HasPrefix(marker.Error(), c.fault) {
			t.Errorf("%s: marker %v", c.name, marker)
		}
	}
}

// TestGoEngineNeedsItsMarker: without it, its files are taken for nobody's.
func TestGoEngineNeedsItsMarker(t *testing.T) {
	dir := filledDir(t)
	if err := os.Remove(filepath.Join(dir, markerName)); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir, io.Discard); !errors.Is(err, ErrWrongFormat) {
		t.Errorf("Check: %v", err)
	}
	if err := Repair(dir, filepath.Join(t.TempDir(), "new"), io.Discard); !errors.Is(err, ErrWrongFormat) {
		t.Errorf("Repair: %v", err)
	}
}

func TestCounted(t *testing.T) {
	if got := counted(0, "file") + ", " + counted(1, "file") + ", " + counted(uint64(2), "file"); got != "0 files, 1 file, 2 files" {
		t.Errorf("%s", got)
	}
}
