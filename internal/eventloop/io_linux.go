//go:build linux && (amd64 || arm64) && !race

package eventloop

import (
	"syscall"
	"unsafe"
)

// Neither of these waits, so the scheduler is not told of them, which would cost more than
// they take at times.

// read is read(2); dst is not empty.
func read(fd int, dst []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(dst))), uintptr(len(dst)))
	return int(n), errno
}

// send is send(2) without a signal if the other end has gone; src is not empty.
func send(fd int, src []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(src))), uintptr(len(src)),
		syscall.MSG_NOSIGNAL|syscall.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}
