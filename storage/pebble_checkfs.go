package storage

import (
	"errors"
	"io"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkFS is the file system of a check, which changes nothing and so must not
// need to: in a directory that may not be written, it locks by a lock for reading,
// which keeps writers out as well as any.
type checkFS struct{ vfs.FS }

// Lock implements vfs.FS.
func (c checkFS) Lock(name string) (io.Closer, error) {
	lock, err := c.FS.Lock(name)
	if !mayNotWrite(err) {
		return lock, err
	}
	return lockForReading(name, err)
}

// mayNotWrite tells whether a file could not be opened for want of the right to
// write to it.
func mayNotWrite(err error) bool {
	return errors.As(err, new(*fs.PathError)) && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS))
}
