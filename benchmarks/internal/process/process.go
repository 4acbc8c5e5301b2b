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

// Place is where a server runs.
type Place struct {
	Port  int    // of 127.0.0.1, on which it listens for clients
	Peers [2]int // ports for other servers of its group, the second one following the first
	Dir   string // its directory
}

// Process is a server that runs.
type Process struct {
	Place

	args  []string
	cmd   *exec.Cmd
	ended chan struct{} // is closed when the program has ended
}

// run starts the program.
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
	return nil
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

// kill ends the server with SIGKILL and waits until it is gone. Its directory stays.
func (p *Process) kill() {
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // fails if it has ended
		<-p.ended
	}
}
