package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// ErrPublicBind: the address is reachable from other machines, and nobody said
// that it may be.
var ErrPublicBind = errors.New("other machines could reach it, and there is no password")

// ErrBadAddress: the address is not one to listen on.
var ErrBadAddress = errors.New("invalid address to listen on")

// Address says where to listen.
type Address struct {
	Bind        string // an IP address, or "localhost"
	Port        int    // 0 picks a free one
	AllowPublic bool   // lets Bind be reachable from other machines
}

// ListenUnix opens a Unix socket, which the user of the process and those of its group may
// connect to. One that a process left behind that has ended is replaced.
func ListenUnix(ctx context.Context, path string) (*Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && isAbandoned(path) {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("cannot remove the abandoned socket: %w", err)
		}
		l, err = config.Listen(ctx, "unix", path)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken: by another process, or it is no socket", path)
	case errors.Is(err, syscall.EINVAL):
		return nil, fmt.Errorf("%w: the path of a Unix socket is too long, with %d bytes; systems take about 100", ErrBadAddress, len(path))
	case err != nil:
		return nil, fmt.Errorf("cannot listen on the socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, fmt.Errorf("cannot set the rights of the socket: %w", err)
	}
	return &Listener{Listener: l}, nil
}

// isAbandoned tells whether a path is a socket on which nobody listens.
func isAbandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// Check returns nil if the address may be listened on: ErrBadAddress if it is
// none, ErrPublicBind if it is public without leave.
func (a Address) Check() error {
	if a.Port < 0 || a.Port > 65535 {
		return fmt.Errorf("%w: port %d is not between 0 and 65535", ErrBadAddress, a.Port)
	}
	if a.Bind == "localhost" {
		return nil
	}
	ip, err := netip.ParseAddr(a.Bind)
	if err != nil {
		return fmt.Errorf("%w: %q is neither an IP address nor localhost", ErrBadAddress, a.Bind)
	}
	if !ip.Unmap().IsLoopback() && !a.AllowPublic {
		return fmt.Errorf("will not listen on %s: %w", a.Bind, ErrPublicBind)
	}
	return nil
}

func (a Address) String() string { return net.JoinHostPort(a.Bind, strconv.Itoa(a.Port)) }

// network is that of the address. "tcp" would make of 0.0.0.0 every address of
// IPv6 too, which nobody asked for.
func (a Address) network() string {
	if ip, err := netip.ParseAddr(a.Bind); err == nil && ip.Is4() {
		return "tcp4"
	}
	return "tcp"
}

// Listener is a port, or a Unix socket, that the protocols share.
type Listener struct {
	net.Listener
	// RedisOnly says that all connections speak the Redis protocol.
	RedisOnly bool
	// ServeRedis, if there is one, answers those that do, instead of RedisServer.ServeConn.
	ServeRedis func(net.Conn)
}

// Listen opens the port, or says in one line why it cannot.
func Listen(ctx context.Context, a Address) (*Listener, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, a.network(), a.String())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another process: stop that one or choose another port", a)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("no permission to listen on %s: choose a port above 1023", a)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%w: %s is no address of this machine", ErrBadAddress, a.Bind)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
	}
	return &Listener{Listener: l}, nil
}
