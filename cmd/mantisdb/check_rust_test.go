//go:build rust

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRepairExitCodes: 0 without losses, 3 with some, 1 if it failed.
func TestRepairExitCodes(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(in("lines"), []byte(sampleLines()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := finish(t, program(t, "import", in("lines"), "--data-dir="+in("data"), "--engine=rust")); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if got := finish(t, program(t, "repair", in("data"), in("whole"))); got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "lost 0 versions") {
		t.Errorf("%+v", got)
	}
	if got := finish(t, program(t, "repair", in("data"), in("whole"))); got.code != 1 || !strings.Contains(got.stderr, "not empty") {
		t.Errorf("%+v", got)
	}
	if err := os.Remove(filepath.Join(in("data"), "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	got := finish(t, program(t, "repair", in("data"), in("less")))
	if got.code != 3 || !strings.Contains(got.stderr, "1 file") || !strings.Contains(got.stdout, "without the manifest") {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"whole", "less"} {
		if got := finish(t, program(t, "export", "-", "--data-dir="+in(name), "--engine=rust")); got.stdout != sampleLines() {
			t.Errorf("%s has other entries", name)
		}
	}
}
