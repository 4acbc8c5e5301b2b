package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// lockDir locks a data directory against other processes and this one. It
// returns the directory's one true name too: Pebble tells the locks of a
// process apart by name, and would let a second name for the directory pass.
func lockDir(dir string, disk vfs.FS) (string, *pebble.Lock, error) {
	name, err := filepath.Abs(dir)
	if err == nil {
		name, err = filepath.EvalSymlinks(name)
	}
	if err != nil {
		return "", nil, fmt.Errorf("mantisdb: cannot open the data directory: %w", err)
	}
	lock, err := pebble.LockDirectory(name, disk)
	if isLocked(err) {
		return "", nil, lockedError(name, dir)
	}
	if mayNotWrite(err) {
		return "", nil, fmt.Errorf("mantisdb: the data directory cannot be opened, for which it must be writable: %w", ioError(err))
	}
	if err != nil {
		return "", nil, fmt.Errorf("mantisdb: cannot lock the data directory: %w", ioError(err))
	}
	return name, lock, nil
}

// stuckDirs are the data directories that an engine of this process could not let
// go of, by their true names, with the error of its failure.
var stuckDirs sync.Map

// lockedError tells that a data directory is in use. name is its true name.
func lockedError(name, dir string) error {
	if why, stuck := stuckDirs.Load(name); stuck {
		return fmt.Errorf("%w: %s failed earlier in this process and could not be shut down: mend that, and start the process again (%v)", ErrLocked, dir, why)
	}
	return fmt.Errorf("%w: %s: close it there, or choose another directory", ErrLocked, dir)
}

// isLocked tells whether somebody else has the lock. Pebble has no error of its
// own for it. A file that may not be opened is not a lock that is taken, though
// the system may say "permission denied" to both.
func isLocked(err error) bool {
	if err == nil || errors.As(err, new(*fs.PathError)) {
		return false
	}
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) ||
		strings.Contains(err.Error(), "held by current process")
}
