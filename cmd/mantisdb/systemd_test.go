//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestSystemd: a server that systemd starts serves the sockets that it is handed, and tells
// when it is ready and when it ends.
func TestSystemd(t *testing.T) {
	shared, redisOnly := listenTCP(t, "127.0.0.1:0"), listenTCP(t, "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	s := start(t, activated(t, "http:redis", shared, redisOnly, "NOTIFY_SOCKET="+path))
	wantNotified(t, notify, "READY=1")
	if want := "http://" + shared.Addr().String(); s.url != want {
		t.Errorf("it listens at %s, want %s", s.url, want)
	}
	response, err := http.Get(s.url + "/health/ready")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("ready: %d", response.StatusCode)
	}
	conn, err := net.Dial("tcp", redisOnly.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /k\r\n")
	answer := make([]byte, 5)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "$-1\r\n" {
		t.Errorf("on the socket of Redis: %q, %v", answer, err)
	}
	s.signal(syscall.SIGTERM)
	wantNotified(t, notify, "STOPPING=1")
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("at the end: %v", err)
	}
}

// TestWhichSocketsArePublic: without one that is, since nothing here may be reached from
// elsewhere.
func TestWhichSocketsArePublic(t *testing.T) {
	for ip, want := range map[string]bool{"127.0.0.1": true, "127.8.8.8": true, "::1": true, "::ffff:127.0.0.1": true, "0.0.0.0": false, "::": false, "192.0.2.1": false} {
		if got := isLoopback(&net.TCPAddr{IP: net.ParseIP(ip)}); got != want {
			t.Errorf("%s is the machine's own: %v", ip, got)
		}
	}
}

func listenTCP(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// activated is a server with sockets handed over as systemd does: by a shell, since the
// variable must have the number of the very process.
func activated(t *testing.T, names string, first, second *net.TCPListener, env ...string) *exec.Cmd {
	t.Helper()
	cmd := program(t)
	count := 0
	for _, l := range []*net.TCPListener{first, second} {
		if l == nil {
			continue
		}
		file, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
		count++
	}
	self := cmd.Path
	cmd.Path = "/bin/sh"
	cmd.Args = []string{"sh", "-c", `LISTEN_PID=$$ exec "$0" --engine=go`, self}
	cmd.Env = append(cmd.Env, append(env, "LISTEN_FDS="+string(rune('0'+count)), "LISTEN_FDNAMES="+names)...)
	return cmd
}

func wantNotified(t *testing.T, conn *net.UnixConn, want string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	buffer := make([]byte, 256)
	n, err := conn.Read(buffer)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) || string(buffer[:n]) != want {
		t.Errorf("systemd was told %q, want %q (%v)", buffer[:n], want, err)
	}
}
