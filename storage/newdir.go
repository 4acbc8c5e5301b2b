package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// newDirectory makes dir, which must not exist or be empty, a data directory of
// the engine, whole or not at all: fill makes a directory of the name it is
// given, beside dir, which then gets the engine's marker and takes dir's place.
// source is a directory that must not have dir in it; empty is none.
func newDirectory(dir, source, engine string, fill func(temp string) error) error {
	dir, err := vacant(dir, source)
	if err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".tmp-"+rand.Text()[:12])
	defer os.RemoveAll(temp) // what is left of it after an error
	if err := fill(temp); err != nil {
		return ioError(err)
	}
	if _, err := os.Stat(filepath.Join(temp, markerName)); errors.Is(err, fs.ErrNotExist) {
		if err := writeMarker(temp, engine); err != nil {
			return fmt.Errorf("mantisdb: cannot mark the new directory: %w", ioError(err))
		}
	}
	return takePlace(temp, dir)
}

// vacant is the absolute path of a directory that does not exist or is empty.
// Its parents are made.
func vacant(dir, source string) (string, error) {
	if dir == "" {
		return "", fmt.Errorf("%w: the name of the new directory is empty", ErrInvalidOptions)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("mantisdb: %w", err)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", fmt.Errorf("mantisdb: cannot make the new directory: %w", ioError(err))
	}
	if real, err := filepath.EvalSymlinks(parent); err == nil {
		dir = filepath.Join(real, filepath.Base(dir))
	}
	if source != "" && within(source, dir) {
		return "", fmt.Errorf("%w: %s is in the data directory itself", ErrInvalidOptions, dir)
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return dir, nil
	case errors.Is(err, syscall.ENOTDIR):
		return "", fmt.Errorf("%w: %s is a file: name a directory that does not exist", ErrExists, dir)
	case err != nil:
		return "", fmt.Errorf("mantisdb: cannot make the new directory: %w", ioError(err))
	case len(entries) > 0:
		return "", fmt.Errorf("%w: %s is not empty (it holds %q): name a directory that does not exist",
			ErrExists, dir, entries[0].Name())
	}
	return dir, nil
}

// takePlace gives a finished directory the name dir, durably. That dir is empty
// if it exists is checked by the system once more.
func takePlace(temp, dir string) error {
	err := errors.Join(syncDir(temp), os.Rename(temp, dir))
	if err != nil && errors.Is(err, fs.ErrExist) { // a system that replaces no directory
		err = errors.Join(os.Remove(dir), os.Rename(temp, dir))
	}
	if err == nil {
		err = syncDir(filepath.Dir(dir))
	}
	if errors.Is(err, fs.ErrExist) { // somebody else was faster
		return fmt.Errorf("%w: %s is not empty: name a directory that does not exist", ErrExists, dir)
	}
	if err != nil {
		return fmt.Errorf("mantisdb: cannot put the new directory in place: %w", ioError(err))
	}
	return nil
}

// NewDirectory makes dir, which must not exist or be empty, a data directory of
// the engine that c names, durably and whole, or not at all: fill writes to an
// engine that is open in a directory of another name beside dir. When it returns
// nil, the engine is synced and closed, and its directory takes dir's place. A
// process that dies in between leaves a directory named .NAME.tmp-... there.
func NewDirectory(c Config, fill func(Engine) error) error {
	if c.Engine == "" {
		c.Engine = DefaultEngine
	}
	return newDirectory(c.Dir, "", c.Engine, func(temp string) error {
		c := c
		c.Dir = temp
		e, err := Open(c)
		if err != nil {
			return err
		}
		if err = fill(e); err == nil {
			err = e.Sync()
		}
		return errors.Join(err, e.Close())
	})
}
