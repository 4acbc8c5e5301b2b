//go:build linux

package disk

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// faults are what is wrong with a disk.
type faults struct {
	delay  atomic.Int64 // of each sync, in nanoseconds
	full   atomic.Bool
	broken atomic.Bool
}

// ofNew is the fault that a new file or directory meets.
func (f *faults) ofNew() syscall.Errno {
	switch {
	case f.broken.Load():
		return syscall.EIO
	case f.full.Load():
		return syscall.ENOSPC
	}
	return fs.OK
}

// ofRange is the fault that a write meets which ends somewhere in its file.
func (f *faults) ofRange(ctx context.Context, file fs.FileGetattrer, end uint64) syscall.Errno {
	if f.broken.Load() {
		return syscall.EIO
	}
	if !f.full.Load() {
		return fs.OK
	}
	var attr fuse.AttrOut
	if errno := file.Getattr(ctx, &attr); errno != fs.OK {
		return errno
	}
	const block = 512 // that Blocks counts
	if end > attr.Blocks*block {
		return syscall.ENOSPC
	}
	return fs.OK
}

// ofSync is the fault that a sync meets, after its delay. A signal does not end it before, as on a
// disk of which no program expects that.
func (f *faults) ofSync() syscall.Errno {
	time.Sleep(time.Duration(f.delay.Load()))
	if f.broken.Load() {
		return syscall.EIO
	}
	return fs.OK
}
