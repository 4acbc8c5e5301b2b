//go:build rust && linux

package storage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestFileSizeLimit: a write behind RLIMIT_FSIZE is an error, and the signal that comes with
// it does not end the process, though a thread of the core's gets it that Go does not know.
func TestFileSizeLimit(t *testing.T) {
	const child = "MANTISDB_TEST_FILE_SIZE_LIMIT"
	if os.Getenv(child) != "" {
		writeBehindFileSizeLimit(t)
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^TestFileSizeLimit$")
	c.Env = append(os.Environ(), child+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func writeBehindFileSizeLimit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e, err := Open(Config{Engine: EngineRust, Dir: dir, Durability: DurabilityBuffered, MemoryLimit: MinMemoryLimit})
	if err != nil {
		t.Fatal(err)
	}
	put := func(i int) error {
		_, err := e.Put(fmt.Appendf(nil, "%06d", i), make([]byte, 1000), WriteOptions{})
		return err
	}
	limitFileSize(t, 64<<10)
	written := 0
	for ; err == nil; written++ {
		err = put(written)
	}
	if !errors.Is(err, ErrIO) || errors.Is(err, ErrPoisoned) {
		t.Errorf("the write: %v", err)
	}
	time.Sleep(200 * time.Millisecond) // for the core's threads to try as well
	limitFileSize(t, 1<<30)
	if err := inTime(t, "a write behind the limit's end", func() error {
		for {
			if err := put(written); !errors.Is(err, ErrIO) {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}); err != nil {
		t.Error(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func limitFileSize(t *testing.T, most uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = min(most, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}
