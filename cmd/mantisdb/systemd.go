package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/mantisdb/mantisdb/server"
)

// redisSocket is the name, in a socket unit, of one for the Redis protocol alone.
const redisSocket = "redis"

// inherited are the sockets that systemd has opened for the server, in place of those that
// flags ask for; none if it was started otherwise.
func inherited(allowPublic bool) ([]*server.Listener, error) {
	var listeners []*server.Listener
	for _, file := range activation.Files(true) {
		l, err := net.FileListener(file)
		file.Close()
		if err != nil {
			return listeners, fmt.Errorf("the socket %q that was handed over is none to accept connections on: %w", file.Name(), err)
		}
		listeners = append(listeners, &server.Listener{Listener: l, RedisOnly: file.Name() == redisSocket})
		if address, ok := l.Addr().(*net.TCPAddr); ok && !allowPublic && !isLoopback(address) {
			return listeners, fmt.Errorf("will not serve %s, which was handed over: %w", address, server.ErrPublicBind)
		}
	}
	return listeners, nil
}

func isLoopback(address *net.TCPAddr) bool {
	ip, ok := netip.AddrFromSlice(address.IP)
	return ok && ip.Unmap().IsLoopback()
}

// tellSystemd tells that the server is ready, and once ctx is done, that it ends; nobody, if
// it was not started by systemd.
func tellSystemd(ctx context.Context, logger *slog.Logger) {
	tell := func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			logger.Warn("systemd could not be told", "state", state, "error", err.Error())
		}
	}
	tell(daemon.SdNotifyReady)
	context.AfterFunc(ctx, func() { tell(daemon.SdNotifyStopping) })
}
