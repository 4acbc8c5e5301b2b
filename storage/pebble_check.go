package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pebbleCheck is one verification of a data directory of the pure-Go engine.
type pebbleCheck struct {
	dir    string
	report io.Writer
	first  error // the first problem
	count  int   // of problems
	err    error // of writing the report
}

// checkGo verifies a data directory of the pure-Go engine: each block of each
// table by its checksum; the log and the manifest by opening, which reads them
// whole; the order within and between levels by Pebble's own check; and each
// record by parsing it.
func checkGo(dir string, report io.Writer) (err error) {
	name, lock, err := lockDir(dir, checkFS{vfs.Default})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	c := &pebbleCheck{dir: name, report: report}
	if err := c.tables(); err != nil {
		return err
	}
	c.contents(lock)
	if c.err != nil {
		return fmt.Errorf("mantisdb: cannot write the report: %w", c.err)
	}
	if c.count > 0 {
		return fmt.Errorf("%w: %s in %s, the first: %w", ErrCorrupt, counted(c.count, "problem"), dir, c.first)
	}
	c.say("no problems found")
	return c.err
}

func (c *pebbleCheck) say(format string, args ...any) {
	if _, err := fmt.Fprintf(c.report, format+"\n", args...); err != nil && c.err == nil {
		c.err = err
	}
}

// problem notes one, in a file or in all of them together.
func (c *pebbleCheck) problem(where string, err error) {
	err = fmt.Errorf("%s: %w", where, err)
	if c.first == nil {
		c.first = err
	}
	c.count++
	c.say("damaged: %s", firstLine(err))
}

// firstLine is the text of err without the traces of the stack that Pebble puts
// into some of its errors, behind what it has to say.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// tables verifies the checksums of all tables, also of those that no version of
// the data speaks of any more.
func (c *pebbleCheck) tables() error {
	paths, err := filepath.Glob(filepath.Join(c.dir, "*.sst"))
	if err != nil {
		return err
	}
	o := pebbleOptions(&GoStorageEngine{durable: true})
	o.EnsureDefaults()
	damaged := c.count
	for _, path := range paths {
		if err := checkTable(path, o.MakeReaderOptions()); err != nil {
			c.problem(path, err)
		}
	}
	c.say("%s, %d of them damaged", counted(len(paths), "table"), c.count-damaged)
	return nil
}

// checkTable reads every block of a table.
func checkTable(path string, o sstable.ReaderOptions) (err error) {
	defer recoverCheck(&err)
	f, err := vfs.Default.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(context.Background(), readable, o)
	if err != nil {
		return err // it has closed the file
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}

// contents verifies what the directory says as a whole.
func (c *pebbleCheck) contents(lock *pebble.Lock) {
	keys, err := readAll(c.dir, lock)
	if err != nil {
		c.problem(c.dir, err)
		return
	}
	c.say("%s, live and expired", counted(keys, "key"))
}

// readAll opens a directory without changing it, and reads all records.
func readAll(dir string, lock *pebble.Lock) (keys uint64, err error) {
	defer recoverCheck(&err)
	o := pebbleOptions(&GoStorageEngine{durable: true})
	o.ReadOnly, o.Lock, o.FS = true, lock, vfs.Default
	o.Logger, o.EventListener = checkLogger{}, nil
	db, err := pebble.Open(dir, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.CheckLevels(nil); err != nil {
		return 0, err
	}
	iter, err := db.NewIter(iterOptions(Range{}))
	if err != nil {
		return 0, err
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		if _, _, err := parseRecord(iter.Value()); err != nil {
			return keys, errors.Join(fmt.Errorf("key %q: %w", iter.Key()[1:], err), iter.Close())
		}
		keys++
	}
	return keys, iter.Close()
}

// recoverCheck makes an error of a panic, which Pebble may answer damage with.
func recoverCheck(err *error) {
	if r := recover(); r != nil {
		*err = panicked(r)
	}
}

// checkLogger keeps Pebble from ending the process.
type checkLogger struct{}

// Infof implements pebble.Logger.
func (checkLogger) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (checkLogger) Errorf(string, ...any) {}

// Fatalf implements pebble.Logger.
func (checkLogger) Fatalf(format string, args ...any) { panic(fmt.Errorf(format, args...)) }
