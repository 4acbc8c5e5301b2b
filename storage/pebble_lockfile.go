package storage

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// lockDir locks a data directory against other processes and this one. It
// returns the directory's one true name too: Pebble tells the locks of a
// process apart by name, and would let a second name for the directory pass.
func lockDir(dir string) (string, *pebble.Lock, error) {
	name, err := filepath.Abs(dir)
	if err == nil {
		name, err = filepath.EvalSymlinks(name)
	}
	if err != nil {
		return "", nil, fmt.Errorf("mantisdb: cannot open the data directory: %w", err)
	}
	lock, err := pebble.LockDirectory(name, vfs.Default)
	if isLocked(err) {
		return "", nil, fmt.Errorf("%w: %s: close it there, or choose another directory", ErrLocked, dir)
	}
	if err != nil {
		return "", nil, fmt.Errorf("mantisdb: cannot lock the data directory: %w", err)
	}
	return name, lock, nil
}

// isLocked tells whether somebody else has the lock. Pebble has no error of its
// own for it.
func isLocked(err error) bool {
	return err != nil && (errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) ||
		strings.Contains(err.Error(), "held by current process"))
}
