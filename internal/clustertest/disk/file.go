//go:build linux

package disk

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
)

// file is an open file.
type file struct {
	*fs.LoopbackFile
	faults *faults
}

// wrap has an open file have the faults of its disk.
func (f *faults) wrap(handle fs.FileHandle) fs.FileHandle {
	if handle == nil {
		return nil
	}
	return &file{handle.(*fs.LoopbackFile), f}
}

// PassthroughFd says that the kernel may not read and write the other file by itself.
func (f *file) PassthroughFd() (int, bool) { return 0, false }

func (f *file) Write(ctx context.Context, data []byte, at int64) (uint32, syscall.Errno) {
	if errno := f.faults.ofRange(ctx, f.LoopbackFile, uint64(at)+uint64(len(data))); errno != fs.OK {
		return 0, errno
	}
	return f.LoopbackFile.Write(ctx, data, at)
}

// Writev has Write be called in its place.
func (f *file) Writev(context.Context, [][]byte, int64) (uint32, syscall.Errno) {
	return 0, syscall.ENOSYS
}

func (f *file) Allocate(ctx context.Context, at, size uint64, mode uint32) syscall.Errno {
	if errno := f.faults.ofRange(ctx, f.LoopbackFile, at+size); errno != fs.OK {
		return errno
	}
	return f.LoopbackFile.Allocate(ctx, at, size, mode)
}

func (f *file) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	if errno := f.faults.ofSync(); errno != fs.OK {
		return errno
	}
	return f.LoopbackFile.Fsync(ctx, flags)
}
