package transport

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// breakAfter has a connection break when what was sent is not taken for so long.
func breakAfter(silence time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence/time.Millisecond))
		})
		if failed != nil {
			return failed
		}
		return err
	}
}
