package metamorphic

import (
	"bytes"
	"context"
	"os"

	"github.com/mantisdb/mantisdb"
)

var copyKinds = []kind{
	{"backup", 1, (*generator).backup, runBackup},
	{"checkpoint", 1, (*generator).checkpoint, runCheckpoint},
}

// runBackup restores a backup into another directory, with the engine that the mode
// names, or the database's own, and compares what is there.
func runBackup(t *target, o *Op) {
	t.settleFor(soon)
	var stream bytes.Buffer
	made, err := t.db.Backup(context.Background(), &stream)
	if !t.err("Backup", err, nil) {
		return
	}
	entries := uint64(len(t.state.users(t.began)))
	t.check(made.Entries == entries, "the backup has %d entries, want %d", made.Entries, entries)
	t.check(made.Bytes == uint64(stream.Len()), "the backup has %d bytes and tells of %d", stream.Len(), made.Bytes)
	t.check(made.Version >= t.last, "the backup has the version %d, after %d", made.Version, t.last)
	dir := t.newDir()
	defer os.RemoveAll(dir)
	options := &mantisdb.Options{Engine: o.Mode, Durability: o.Durability, MemoryLimit: o.Limit}
	if o.Mode == "" {
		options.Engine = t.engine
	}
	restored, err := mantisdb.Restore(context.Background(), dir, options, &stream)
	if !t.err("Restore", err, nil) {
		return
	}
	t.check(restored == made, "restored was %+v, and backed up %+v", restored, made)
	t.compareDirectory(dir, options)
}

// lasting is what is there when the database is opened anew: all but what is in
// keyspaces of memory only.
func (t *target) lasting() *state {
	lasting := t.state.clone()
	for _, name := range t.names() {
		if s := t.spaces[name]; s.options.MemoryOnly {
			lasting = lasting.without(s.span(mantisdb.Range{}))
		}
	}
	return lasting
}

// compareDirectory opens a directory that must have what lasts, with versions of its
// own.
func (t *target) compareDirectory(dir string, options *mantisdb.Options) {
	db, err := mantisdb.Open(dir, options)
	if !t.err("Open", err, nil) {
		return
	}
	want := t.lasting()
	for i, e := range want.entries {
		anew := *e
		anew.after, anew.version = 0, 0
		want.entries[i] = &anew
	}
	last := t.last // it is another database's
	t.verify(db, want)
	t.last = last
	t.err("Close", db.Close(), nil)
}

// runCheckpoint compares what is in a checkpoint, and goes on with it in place of the
// directory if the mode is switch.
func runCheckpoint(t *target, o *Op) {
	t.settleFor(soon)
	dir := t.newDir()
	if !t.onDisk() {
		t.err("Checkpoint", t.db.Checkpoint(dir), mantisdb.ErrUnsupported)
		return
	}
	if !t.err("Checkpoint", t.db.Checkpoint(dir), nil) {
		return
	}
	if o.Mode != "switch" {
		t.verifyDirectory(dir)
		os.RemoveAll(dir)
		return
	}
	t.closeUnderOthers()
	os.RemoveAll(t.dir)
	t.dir = dir
	if t.open(); t.db != nil {
		t.verify(t.db, &t.state)
	}
}

// verifyDirectory opens a directory that must have what the database has.
func (t *target) verifyDirectory(dir string) {
	db, err := mantisdb.Open(dir, t.openOptions())
	if t.err("Open", err, nil) {
		t.verify(db, t.lasting())
		t.err("Close", db.Close(), nil)
	}
}
