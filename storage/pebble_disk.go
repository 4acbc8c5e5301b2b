package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// failStopFS is the file system of a durable engine. Pebble does not survive a
// failure to write its log or manifest: it panics, in part with locks held or
// in a goroutine of its own, or ends the process. So it never sees one. When an
// operation that changes files fails, the engine is poisoned first, and from
// then on such operations do nothing and report success.
//
// The disk is so left as a crash at that moment would leave it. Each operation
// that Pebble begins because an earlier one succeeded is dropped if that was,
// hence what is on disk is consistent. And nothing is acknowledged by mistake:
// a writer looks for a failure after its sync returned. Pebble goes on with
// what it has in memory until Close, which succeeds and unlocks the directory.
//
// What lies outside of the data directory is none of this: a checkpoint that
// cannot be written is an error, and no failure of the engine.
type failStopFS struct {
	vfs.FS
	root string // the data directory, clean; "" is everywhere
	log  logSyncs
	// opened is set once the engine is open. Until then, nobody has been promised
	// anything.
	opened atomic.Bool
	frozen atomic.Bool
	fail   func(why error)
}

// errNotWritten is what reads return of a file that was not created because the
// file system is frozen.
var errNotWritten = errors.New("mantisdb: the file was never written")

// outside tells whether a path does not belong to the engine.
func (d *failStopFS) outside(path string) bool {
	return d.root != "" && !within(d.root, path)
}

// stop decides about the error of an operation that changes files: the first
// one freezes the file system, and is reported as success.
func (d *failStopFS) stop(operation, path string, err error) error {
	if err == nil {
		return nil
	}
	d.fail(fmt.Errorf("%s %s: %w", operation, path, ioError(err)))
	d.frozen.Store(true)
	return nil
}

// nowhere is a file that swallows what is written while the file system is
// frozen.
func (d *failStopFS) nowhere(path string) vfs.File {
	return &failStopFile{vfs.NewMemFile(nil), d, path}
}

// wrap is the outcome of an operation that creates or opens a file to write.
func (d *failStopFS) wrap(operation, path string, f vfs.File, err error) (vfs.File, error) {
	if err == nil && isLog(path) {
		return &logFile{failStopFile: &failStopFile{f, d, path}, syncs: &d.log}, nil
	}
	if err == nil {
		return &failStopFile{f, d, path}, nil
	}
	if err := d.stop(operation, path, err); err != nil {
		return nil, err
	}
	return d.nowhere(path), nil
}

// Create implements vfs.FS.
func (d *failStopFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.outside(name) {
		return d.FS.Create(name, c)
	}
	if d.frozen.Load() {
		return d.nowhere(name), nil
	}
	f, err := d.FS.Create(name, c)
	return d.wrap("create", name, f, err)
}

// ReuseForWrite implements vfs.FS.
func (d *failStopFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.outside(newname) {
		return d.FS.ReuseForWrite(oldname, newname, c)
	}
	if d.frozen.Load() {
		return d.nowhere(newname), nil
	}
	f, err := d.FS.ReuseForWrite(oldname, newname, c)
	return d.wrap("create", newname, f, err)
}

// OpenReadWrite implements vfs.FS.
func (d *failStopFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if d.outside(name) {
		return d.FS.OpenReadWrite(name, c, opts...)
	}
	if d.frozen.Load() {
		return d.nowhere(name), nil
	}
	f, err := d.FS.OpenReadWrite(name, c, opts...)
	return d.wrap("open", name, f, err)
}

// OpenDir implements vfs.FS. A directory is opened to be synced.
func (d *failStopFS) OpenDir(name string) (vfs.File, error) {
	if d.outside(name) {
		return d.FS.OpenDir(name)
	}
	if d.frozen.Load() {
		return d.nowhere(name), nil
	}
	f, err := d.FS.OpenDir(name)
	return d.wrap("open", name, f, err)
}

// Open implements vfs.FS.
func (d *failStopFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.Open(name, opts...)
	if errors.Is(err, fs.ErrNotExist) && d.frozen.Load() {
		return nil, errNotWritten
	}
	return f, err
}

// Link implements vfs.FS.
func (d *failStopFS) Link(oldname, newname string) error {
	if d.outside(newname) {
		return d.FS.Link(oldname, newname)
	}
	if d.frozen.Load() {
		return nil
	}
	return d.stop("link", newname, d.FS.Link(oldname, newname))
}

// Rename implements vfs.FS.
func (d *failStopFS) Rename(oldname, newname string) error {
	if d.outside(newname) {
		return d.FS.Rename(oldname, newname)
	}
	if d.frozen.Load() {
		return nil
	}
	return d.stop("rename", newname, d.FS.Rename(oldname, newname))
}

// MkdirAll implements vfs.FS.
func (d *failStopFS) MkdirAll(dir string, perm os.FileMode) error {
	if d.outside(dir) {
		return d.FS.MkdirAll(dir, perm)
	}
	if d.frozen.Load() {
		return nil
	}
	return d.stop("make", dir, d.FS.MkdirAll(dir, perm))
}

// Remove implements vfs.FS. A file that cannot be removed does no harm.
func (d *failStopFS) Remove(name string) error {
	if d.frozen.Load() && !d.outside(name) {
		return nil
	}
	return d.FS.Remove(name)
}

// RemoveAll implements vfs.FS.
func (d *failStopFS) RemoveAll(name string) error {
	if d.frozen.Load() && !d.outside(name) {
		return nil
	}
	return d.FS.RemoveAll(name)
}

// Unwrap implements vfs.FS.
func (d *failStopFS) Unwrap() vfs.FS { return d.FS }

// failStopFile is a file of a failStopFS.
type failStopFile struct {
	vfs.File
	disk *failStopFS
	path string
}

// Write implements vfs.File.
func (f *failStopFile) Write(p []byte) (int, error) {
	if f.disk.frozen.Load() {
		return len(p), nil
	}
	n, err := f.File.Write(p)
	if err == nil {
		return n, nil
	}
	return len(p), f.disk.stop("write", f.path, err)
}

// WriteAt implements vfs.File.
func (f *failStopFile) WriteAt(p []byte, offset int64) (int, error) {
	if f.disk.frozen.Load() {
		return len(p), nil
	}
	n, err := f.File.WriteAt(p, offset)
	if err == nil {
		return n, nil
	}
	return len(p), f.disk.stop("write", f.path, err)
}

// Preallocate implements vfs.File. It is a hint, and may fail.
func (f *failStopFile) Preallocate(offset, length int64) error {
	if f.disk.frozen.Load() {
		return nil
	}
	return f.File.Preallocate(offset, length)
}

// Sync implements vfs.File.
func (f *failStopFile) Sync() error {
	if f.disk.frozen.Load() {
		return nil
	}
	return f.disk.stop("sync", f.path, f.File.Sync())
}

// SyncData implements vfs.File.
func (f *failStopFile) SyncData() error {
	if f.disk.frozen.Load() {
		return nil
	}
	return f.disk.stop("sync", f.path, f.File.SyncData())
}

// SyncTo implements vfs.File.
func (f *failStopFile) SyncTo(length int64) (fullSync bool, err error) {
	if f.disk.frozen.Load() {
		return true, nil
	}
	fullSync, err = f.File.SyncTo(length)
	return fullSync || err != nil, f.disk.stop("sync", f.path, err)
}

// Close implements vfs.File.
func (f *failStopFile) Close() error {
	return f.disk.stop("close", f.path, f.File.Close())
}
