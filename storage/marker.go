package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// markerName is the file that says whose a data directory is. Its text:
//
//	mantisdb
//	engine: go
//	format: 1
const (
	markerName   = "MANTISDB"
	markerTemp   = markerName + ".tmp-*"
	markerFormat = "1"
	markerMaxLen = 256
)

// markerText is the content of the marker of an engine.
func markerText(engine string) string {
	return fmt.Sprintf("mantisdb\nengine: %s\nformat: %s\n", engine, markerFormat)
}

// checkMarker makes sure that dir is a data directory of the engine. One that
// does not exist is made, one that is empty is marked; anything else without a
// marker is somebody's folder and refused.
func checkMarker(dir, engine string) error {
	if err := makeDir(dir); err != nil {
		return err
	}
	err := readMarker(dir, engine)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := checkEmpty(dir); err != nil {
		return err
	}
	if err := writeMarker(dir, engine); err != nil {
		return fmt.Errorf("mantisdb: cannot write to the data directory: %w", err)
	}
	// Another engine may have been faster.
	return readMarker(dir, engine)
}

// makeDir makes a data directory, and those above it, unless it exists.
func makeDir(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	var at *fs.PathError
	if errors.As(err, &at) && errors.Is(err, syscall.ENOTDIR) {
		return notADirectory(at.Path)
	}
	if err != nil {
		return fmt.Errorf("mantisdb: cannot make the data directory: %w", ioError(err))
	}
	return nil
}

// readMarker compares the marker with the engine. A missing one is
// fs.ErrNotExist.
func readMarker(dir, engine string) error {
	path := filepath.Join(dir, markerName)
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("mantisdb: cannot read the data directory: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, markerMaxLen))
	if err != nil {
		return fmt.Errorf("mantisdb: cannot read the data directory: %w", err)
	}
	owner, format, err := parseMarker(string(text))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %s: %w", ErrWrongFormat, path, err)
	case format != markerFormat:
		return fmt.Errorf("%w: %s says format %q, this version reads %q: open it with the version that wrote it and move the data with `mantisdb export` and `mantisdb import`",
			ErrWrongFormat, path, format, markerFormat)
	case owner != engine:
		return fmt.Errorf("%w: %s was written by engine %q, not %q: open it with that engine, or move the data with `mantisdb export` and `mantisdb import`",
			ErrWrongEngine, dir, owner, engine)
	}
	return nil
}

func parseMarker(text string) (engine, format string, err error) {
	lines := strings.Split(text, "\n")
	if lines[0] != "mantisdb" {
		return "", "", errors.New("not a marker of MantisDB")
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "engine":
			engine = value
		case "format":
			format = value
		}
	}
	if engine == "" || format == "" {
		return "", "", errors.New("the marker names no engine or no format")
	}
	return engine, format, nil
}

// checkEmpty refuses a directory that holds anything but what a new file system,
// an interrupted creation or one under way leaves there.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("mantisdb: cannot read the data directory: %w", err)
	}
	for _, entry := range entries {
		ours, _ := filepath.Match(markerName+"*", entry.Name())
		if !ours && entry.Name() != "lost+found" {
			return fmt.Errorf("%w: %s is not empty (it holds %q) and not a MantisDB data directory: choose another, or an empty one",
				ErrWrongFormat, dir, entry.Name())
		}
	}
	return nil
}

// writeMarker marks dir unless it is marked already. A crash leaves either no
// marker or all of it.
func writeMarker(dir, engine string) error {
	f, err := os.CreateTemp(dir, markerTemp)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(markerText(engine))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := publish(f.Name(), filepath.Join(dir, markerName)); err != nil {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(filepath.Clean(dir))))
}

// publish gives a finished file its name, unless that is taken. A file system
// without hard links cannot tell, and there the last one wins.
func publish(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return os.Rename(temp, path)
}

// syncDir makes the names in a directory durable, on systems that can.
func syncDir(dir string) error {
	d, err := vfs.Default.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
