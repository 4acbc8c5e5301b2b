package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
)

// Sync implements Engine.
func (e *GoStorageEngine) Sync() (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	return e.syncLog()
}

// SyncLog implements Engine: every write is in the log.
func (e *GoStorageEngine) SyncLog() error { return e.Sync() }

// syncLog makes everything in the log durable. A record of nothing is written
// behind it: when that is on disk, so is the rest.
func (e *GoStorageEngine) syncLog() error {
	if !e.durable {
		return nil
	}
	defer e.disk.log.press(DurabilitySync)()
	if err := e.db.LogData(nil, pebble.Sync); err != nil {
		return translate(err)
	}
	return e.failure.get()
}

// SetCompression implements Engine. Pebble compresses by the level.
func (e *GoStorageEngine) SetCompression(prefix []byte, c Compression) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c != CompressionDefault {
		return fmt.Errorf("%w: the Go engine compresses all keys alike", ErrUnsupported)
	}
	return nil
}

// Compact implements Engine.
func (e *GoStorageEngine) Compact() (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	if !e.durable {
		return nil
	}
	if err := e.db.Flush(); err != nil {
		return translate(err)
	}
	// The end is no key; every key is below it, since none is longer.
	end := bytes.Repeat([]byte{0xff}, MaxKeyLen+1)
	return translate(e.db.Compact(context.Background(), nil, end, true))
}

// Checkpoint implements Engine. It goes through Pebble's: tables are linked,
// the log is copied.
func (e *GoStorageEngine) Checkpoint(dir string) (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	if !e.durable {
		return fmt.Errorf("%w: a checkpoint of a store in memory; make a backup", ErrUnsupported)
	}
	if err := e.syncLog(); err != nil {
		return err
	}
	return newDirectory(dir, e.dir, EngineGo, func(temp string) error {
		// Of a file system that froze meanwhile, the copy is worth nothing.
		return errors.Join(translate(e.copyTo(temp)), e.failure.get())
	})
}

// copyTo is Pebble's checkpoint. Pebble panics when the copy's directory cannot
// be synced. It has let go of everything by then, and the copy is no part of the
// engine, so that is an error like any other.
func (e *GoStorageEngine) copyTo(dir string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if err = ioError(panicked(r)); !errors.Is(err, ErrIO) {
				panic(r)
			}
		}
	}()
	return e.db.Checkpoint(dir)
}

// within tells whether a path is that of root or lies under it. Both must be
// clean.
func within(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}
