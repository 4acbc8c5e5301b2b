//go:build linux && (amd64 || arm64) && race

package eventloop

import (
	"errors"
	"syscall"
)

// These tell the race detector, as package net does, that what is sent was there before it
// is received.

func read(fd int, dst []byte) (int, syscall.Errno) {
	n, err := syscall.Read(fd, dst)
	return n, errnoOf(err)
}

func send(fd int, src []byte) (int, syscall.Errno) {
	n, err := syscall.Write(fd, src)
	return n, errnoOf(err)
}

func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	errors.As(err, &errno)
	return errno
}
