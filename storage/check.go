package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Check verifies a data directory that nobody has open: every checksum, the
// order of keys, and that all files that are spoken of are there. What it finds
// goes to report as lines of text. It changes nothing, and returns nil if all is
// well, ErrCorrupt naming what is wrong first if not, or the error that kept it
// from looking.
func Check(dir string, report io.Writer) error {
	engine, err := engineOf(dir)
	if err != nil {
		return err
	}
	if engine == EngineRust {
		return checkRust(dir, report)
	}
	return checkGo(dir, report)
}

// Repair salvages what is readable of a data directory that nobody has open into
// to, which must not exist or be empty, and reports what it kept and what is
// lost. The damaged directory is not changed.
func Repair(dir, to string, report io.Writer) error {
	engine, err := engineOf(dir)
	if err != nil {
		return err
	}
	if engine == EngineRust {
		return repairRust(dir, to, report)
	}
	return fmt.Errorf("%w: a directory of engine %q cannot be repaired: restore a backup or use a checkpoint; `mantisdb export` writes what is readable up to the damage",
		ErrUnsupported, EngineGo)
}

// engineOf is the engine whose data directory dir is, by its marker.
func engineOf(dir string) (string, error) {
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("mantisdb: cannot read the data directory: %w", ioError(err))
	} else if !info.IsDir() {
		return "", notADirectory(dir)
	}
	for _, engine := range []string{EngineGo, EngineRust} {
		err := readMarker(dir, engine)
		switch {
		case err == nil:
			return engine, nil
		case errors.Is(err, fs.ErrNotExist):
			return "", &kindOf{fmt.Sprintf("mantisdb: %s is no data directory: it has no file %s", dir, markerName), ErrWrongFormat}
		case !errors.Is(err, ErrWrongEngine):
			return "", err
		}
	}
	return "", fmt.Errorf("%w: %s belongs to an engine that this version does not know", ErrWrongEngine, dir)
}
