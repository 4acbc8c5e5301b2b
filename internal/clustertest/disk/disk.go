//go:build linux

package disk

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// Disk is a mounted file system. All methods may be called from several goroutines at once.
type Disk struct {
	server *fuse.Server
	path   string
	faults
}

// Available tells what is missing to mount disks, nil if nothing is.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("a disk with faults is mounted by root alone")
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return fmt.Errorf("a disk with faults needs FUSE: %w", err)
	}
	return nil
}

// Mount makes a disk at a directory, which must exist and be empty, that has its content in
// another one. Close unmounts it, once all programs that use it have ended.
func Mount(path, content string) (*Disk, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	d := &Disk{path: path}
	root := &fs.LoopbackRoot{Path: content}
	node := &node{LoopbackNode: &fs.LoopbackNode{RootData: root}, faults: &d.faults}
	root.RootNode = node
	server, err := fs.Mount(path, node, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, Name: "mantisdb-test"},
	})
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", path, err)
	}
	d.server = server
	return d, nil
}

// SetDelay has each sync take so much longer; 0 is as fast as it goes.
func (d *Disk) SetDelay(delay time.Duration) { d.delay.Store(int64(delay)) }

// SetFull has every write fail that needs more room than its file has, with ENOSPC.
func (d *Disk) SetFull(full bool) { d.full.Store(full) }

// SetBroken has every write and sync fail, with EIO.
func (d *Disk) SetBroken(broken bool) { d.broken.Store(broken) }

// Heal takes all faults back.
func (d *Disk) Heal() {
	d.SetDelay(0)
	d.SetFull(false)
	d.SetBroken(false)
}

// Close unmounts the disk.
func (d *Disk) Close() error {
	d.Heal()
	if err := unix.Unmount(d.path, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", d.path, err)
	}
	d.server.Wait()
	return nil
}
