package storage

import (
	"errors"
	"fmt"
	"io"
)

// ErrLost: Repair has made the new directory, but something was lost.
var ErrLost = errors.New("mantisdb: something was lost")

// Check verifies a data directory that nobody has open: every checksum, the
// order of keys, and that all files that are spoken of are there. What it finds
// goes to report as lines of text. It changes nothing, and returns nil if all is
// well, ErrCorrupt naming what is wrong first if not, or the error that kept it
// from looking.
func Check(dir string, report io.Writer) error {
	engine, marker, err := engineOf(dir)
	if err != nil {
		return err
	}
	if engine == EngineRust {
		return checkRust(dir, marker, report)
	}
	return checkGo(dir, report)
}

// Repair salvages what is readable of a data directory that nobody has open into
// to, which must not exist or be empty, and reports what it kept and what is
// lost. The damaged directory is not changed. If something was lost, the new
// directory is there all the same, and the error is ErrLost.
func Repair(dir, to string, report io.Writer) error {
	engine, marker, err := engineOf(dir)
	if err != nil {
		return err
	}
	if engine == EngineRust {
		return repairRust(dir, to, marker, report)
	}
	return fmt.Errorf("%w: a directory of engine %q cannot be repaired: restore a backup or use a checkpoint; `mantisdb export` writes what is readable up to the damage",
		ErrUnsupported, EngineGo)
}
