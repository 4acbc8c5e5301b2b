//go:build rust

package storage

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"
)

// lockedBuffer takes a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// TestBackgroundFailureReachesTheLogger within seconds, of a user who only writes.
func TestBackgroundFailureReachesTheLogger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var log lockedBuffer
	e, err := Open(Config{Engine: EngineRust, Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	// Under another name, no file of it can be made any more.
	if err := os.Rename(dir, dir+"-moved"); err != nil {
		t.Fatal(err)
	}
	buffered := WriteOptions{Durability: DurabilityBuffered}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "in the background failed"); time.Sleep(10 * time.Millisecond) {
		// So much that the log needs another file, until it gets none.
		_, _ = e.Put([]byte("k"), make([]byte, 1<<20), buffered)
		if time.Now().After(deadline) {
			t.Fatalf("the log has %q", log.String())
		}
	}
	if err := os.Rename(dir+"-moved", dir); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestWatchHoldsNoEngine: an engine that nobody closes is collected, and its
// directory unlocked.
func TestWatchHoldsNoEngine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var log lockedBuffer
	open := func() weak.Pointer[RustStorageEngine] {
		e, err := Open(Config{Engine: EngineRust, Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		return weak.Make(e.(*RustStorageEngine))
	}
	forgotten := open()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		runtime.GC()
		if e, err := Open(Config{Engine: EngineRust, Dir: dir}); err == nil {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the directory of a forgotten engine stays locked")
		}
	}
	if forgotten.Value() != nil {
		t.Error("a forgotten engine is held")
	}
}
