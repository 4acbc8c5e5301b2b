package clock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOverlay: this release of Go asks for the time as Overlay takes it to.
func TestOverlay(t *testing.T) {
	dir := t.TempDir()
	if _, err := Overlay(dir, filepath.Join(dir, "main"), true); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "time.go"))
	if err != nil || strings.Count(string(text), stepped) != 1 {
		t.Fatalf("it was not changed: %v", err)
	}
}
