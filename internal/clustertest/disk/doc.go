// Package disk is a directory on a file system of its own that can be made slow, full or
// broken: what programs are tested on that must bear such disks. It is a FUSE file system that
// passes everything on to another directory. It needs root and /dev/fuse.
package disk
