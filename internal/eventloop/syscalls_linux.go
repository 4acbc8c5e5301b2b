//go:build linux && (amd64 || arm64)

package eventloop

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// pollFor is epoll_pwait2(2), of which the scheduler is not told, since it is to be brief. It
// returns false if there is none, as on Linux before 5.11, or where a filter forbids it.
func pollFor(fd int, events []syscall.EpollEvent, timeout time.Duration) (n int, ok bool) {
	limit := syscall.NsecToTimespec(int64(timeout))
	found, _, errno := syscall.RawSyscall6(sysEpollPwait2, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)),
		uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno != 0 {
		return 0, errno == syscall.EINTR
	}
	return int(found), true
}

// sysEpollPwait2 is its number, which package syscall lacks.
const sysEpollPwait2 = 441

// poll is epoll_pwait(2) without waiting, which every kernel has.
func poll(fd int, events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func dupCloexec(fd int) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("fcntl", errno)
	}
	return int(n), nil
}

// newEvent is eventfd(2): a descriptor that can be read once something was written to it.
func newEvent() (int, error) {
	fd, _, errno := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("eventfd2", errno)
	}
	return int(fd), nil
}

// signal makes an event's descriptor readable.
func signal(fd int) {
	one := [8]byte{0: 1}
	syscall.Write(fd, one[:]) // which fails only if it is readable already
}

// clearSignal is the opposite of signal.
func clearSignal(fd int) {
	var count [8]byte
	read(fd, count[:])
}
