package process

import (
	"os"
	"strings"
	"testing"
)

// TestAProgramThatEndsIsNotWaitedFor, nor does it leave its directory.
func TestAProgramThatEndsIsNotWaitedFor(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, err := Start(t.Context(), 2, func([]Place, int) []string { return []string{"sh", "-c", "exit 3"} })
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want an error with the program's end", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}
