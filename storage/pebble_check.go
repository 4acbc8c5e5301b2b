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
	if err := c.everything(lock); err != nil {
		return err
	}
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

// everything verifies each table, and what the directory says as a whole.
func (c *pebbleCheck) everything(lock *pebble.Lock) error {
	paths, err := filepath.Glob(filepath.Join(c.dir, "*.sst"))
	if err != nil {
		return err
	}
	unreadable := unreadableTables(paths)
	found, err := readAll(c.dir, lock)
	c.tables(paths, unreadable, found.tables)
	if err != nil {
		c.problem(c.dir, err)
	} else {
		c.say("%s, live and expired", counted(found.keys, "key"))
	}
	return nil
}

// unreadableTables are those of which not every block can be read, with the reason.
func unreadableTables(paths []string) map[string]error {
	o := pebbleOptions(&GoStorageEngine{durable: true})
	o.EnsureDefaults()
	unreadable := make(map[string]error)
	for _, path := range paths {
		if err := checkTable(path, o.MakeReaderOptions()); err != nil {
			unreadable[path] = err
		}
	}
	return unreadable
}

// tables reports on all tables. One that cannot be read is no problem if the manifest does
// not speak of it: a process that dies while it writes a table leaves such a one, and
// opening removes it. If the manifest cannot be read (spokenOf is nil), each counts.
func (c *pebbleCheck) tables(paths []string, unreadable map[string]error, spokenOf map[string]bool) {
	damaged := c.count
	for _, path := range paths {
		err := unreadable[path]
		switch {
		case err == nil:
		case spokenOf == nil || spokenOf[filepath.Base(path)]:
			c.problem(path, err)
		default:
			c.say("notice: %s: table that the manifest does not name", path)
		}
	}
	c.say("%s, %d of them damaged", counted(len(paths), "table"), c.count-damaged)
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

// pebbleContents is what a directory has: the names of the tables that its manifest speaks
// of, and the number of keys.
type pebbleContents struct {
	tables map[string]bool
	keys   uint64
}

// readAll opens a directory without changing it, and reads all records. After an error, what
// it returns is what was found before.
func readAll(dir string, lock *pebble.Lock) (found pebbleContents, err error) {
	defer recoverCheck(&err)
	o := pebbleOptions(&GoStorageEngine{durable: true})
	o.ReadOnly, o.Lock, o.FS = true, lock, vfs.Default
	o.Logger, o.EventListener = checkLogger{}, nil
	db, err := pebble.Open(dir, o)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if found.tables, err = tablesOf(db); err != nil {
		return found, err
	}
	if err := db.CheckLevels(nil); err != nil {
		return found, err
	}
	found.keys, err = readRecords(db)
	return found, err
}

// tablesOf are the names of the tables that the manifest speaks of.
func tablesOf(db *pebble.DB) (map[string]bool, error) {
	levels, err := db.SSTables()
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool)
	for _, level := range levels {
		for _, table := range level {
			names[table.BackingSSTNum.String()+".sst"] = true
		}
	}
	return names, nil
}

// readRecords parses each record.
func readRecords(db *pebble.DB) (keys uint64, err error) {
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
