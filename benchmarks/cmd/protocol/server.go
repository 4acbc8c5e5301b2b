package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// server is one that is measured.
type server struct {
	name string
	// command starts it on a port, with a directory of its own.
	command func(port int, dir string) []string
}

func mantisdb(binary string, durable bool) server {
	return server{"mantisdb", func(port int, dir string) []string {
		args := []string{binary, "--port=" + strconv.Itoa(port), "--log-level=error"}
		if durable {
			args = append(args, "--data-dir="+dir, "--durability=buffered")
		}
		return args
	}}
}

func redis(durable bool) server {
	appendOnly := "no"
	if durable {
		appendOnly = "yes"
	}
	return server{"redis", func(port int, dir string) []string {
		return []string{"redis-server", "--port", strconv.Itoa(port), "--dir", dir, "--save", "",
			"--appendonly", appendOnly, "--appendfsync", "everysec", "--loglevel", "warning"}
	}}
}

// running is a server that was started.
type running struct {
	cmd  *exec.Cmd
	port int
	dir  string
}

func (s server) start(ctx context.Context) (*running, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "protocol-*")
	if err != nil {
		return nil, err
	}
	args := s.command(port, dir)
	r := &running{exec.CommandContext(ctx, args[0], args[1:]...), port, dir}
	r.cmd.Stderr = os.Stderr
	if err := r.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	for range 200 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
			return r, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.stop()
	return nil, errors.New("it does not listen")
}

func (r *running) stop() {
	r.cmd.Process.Kill()
	r.cmd.Wait()
	os.RemoveAll(r.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
