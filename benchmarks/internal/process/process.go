// Package process starts servers to measure, and tells what they use, from /proc.
package process

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// listenWithin is how long a server may take until it listens, and listenEvery how often
// it is tried.
const (
	listenWithin = time.Minute
	listenEvery  = time.Millisecond
)

// Process is a server that runs.
type Process struct {
	// Port is the one of 127.0.0.1 that it listens on, and Dir its directory.
	Port int
	Dir  string

	args  []string
	cmd   *exec.Cmd
	ended chan struct{} // is closed when the program has ended
}

// Start starts a server on a port of 127.0.0.1, with an empty directory of its own, and
// returns when it listens. What command returns is run, until Stop or the context's end.
func Start(ctx context.Context, command func(port int, dir string) []string) (*Process, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "server-*")
	if err != nil {
		return nil, err
	}
	p := &Process{Port: port, Dir: dir, args: command(port, dir)}
	if err := p.run(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// run starts the program and waits until it listens.
func (p *Process) run(ctx context.Context) error {
	p.cmd = exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	p.cmd.Stderr = os.Stderr
	// Also when this program is killed. Go ends no thread before the program ends, unless
	// a goroutine is locked to it, and none is here.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.ended = make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // its state tells how it ended
		close(p.ended)
	}()
	return p.awaitListening(ctx)
}

// awaitListening waits until the program listens, and no longer than it runs.
func (p *Process) awaitListening(ctx context.Context) error {
	again := time.NewTicker(listenEvery)
	defer again.Stop()
	late := time.After(listenWithin)
	for {
		if conn, err := net.Dial("tcp", p.Addr()); err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended before it listened: %v", p.args[0], p.cmd.ProcessState)
		case <-late:
			return fmt.Errorf("%s does not listen after %v", p.args[0], listenWithin)
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}

// Addr is where it listens.
func (p *Process) Addr() string { return fmt.Sprintf("127.0.0.1:%d", p.Port) }

// Kill ends the server with SIGKILL and waits until it is gone. Its directory stays.
func (p *Process) Kill() {
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // fails if it has ended
		<-p.ended
	}
}

// Restart runs a server again that was killed, on its port and in its directory, and
// returns when it listens.
func (p *Process) Restart(ctx context.Context) error { return p.run(ctx) }

// Stop ends the server, and removes its directory.
func (p *Process) Stop() {
	p.Kill()
	os.RemoveAll(p.Dir)
}

// FreePort is a port of 127.0.0.1 that nobody listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
