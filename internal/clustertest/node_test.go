//go:build linux

package clustertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/mantisdb/mantisdb/internal/clustertest/clock"
)

// The ports of every node; the consensus has the one after the peer's.
const (
	clientPort = 7000
	peerPort   = 7100
)

// node is one server, whose process comes and goes. All methods may be called from several
// goroutines at once.
type node struct {
	id      int
	place   place
	program string
	flags   []string // all but its addresses
	log     string   // path of its log, of all its processes
	clock   string   // path of the file with the step of its clock; empty: that cannot be stepped

	mu      sync.Mutex
	process *process // nil if there is none
	wrong   []error  // ends that nobody had asked for
}

// process is one run of a node.
type process struct {
	*exec.Cmd
	asked bool          // to end
	ended chan struct{} // closed when it has
}

// client and peer are addresses of the node.
func (n *node) client() string { return fmt.Sprintf("%s:%d", n.place.Address(n.id), clientPort) }
func (n *node) peer() string   { return fmt.Sprintf("%s:%d", n.place.Address(n.id), peerPort) }

// start starts the node, if it does not run.
func (n *node) start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		return nil
	}
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{"--bind=" + n.place.Address(n.id), fmt.Sprintf("--port=%d", clientPort), "--allow-public"}, n.flags...)
	p := &process{Cmd: n.place.Command(n.id, n.program, args...), ended: make(chan struct{})}
	p.Stdout, p.Stderr = log, log
	if n.clock != "" {
		p.Env = append(p.Environ(), clock.Variable+"="+n.clock)
	}
	if err := p.Start(); err != nil {
		return err
	}
	n.process = p
	go n.await(p)
	return nil
}

// await notes the end of a process.
func (n *node) await(p *process) {
	err := p.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !p.asked {
		n.wrong = append(n.wrong, fmt.Errorf("node %d ended by itself (%w): see %s", n.id, err, n.log))
	}
	n.process = nil
	close(p.ended)
}

// runs tells whether the node has a process.
func (n *node) runs() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process != nil
}

// kill ends the process at once, and stop has it end in order; both return when it has. If
// there is none they do nothing.
func (n *node) kill() error { return n.end(syscall.SIGKILL) }
func (n *node) stop() error { return n.end(syscall.SIGTERM) }

// endsWithin is how long a process may take to end in order.
const endsWithin = time.Minute

func (n *node) end(signal syscall.Signal) error {
	n.mu.Lock()
	p := n.process
	if p == nil {
		n.mu.Unlock()
		return nil
	}
	p.asked = true
	err := p.Process.Signal(signal)
	n.mu.Unlock()
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(endsWithin):
		return fmt.Errorf("node %d did not end within %v: see %s", n.id, endsWithin, n.log)
	}
}

// pause has the process stand still until resume.
func (n *node) pause() error  { return n.signal(syscall.SIGSTOP) }
func (n *node) resume() error { return n.signal(syscall.SIGCONT) }

func (n *node) signal(signal syscall.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process == nil {
		return nil
	}
	return n.process.Process.Signal(signal)
}

// step has the node's clock be off by so long, in whole seconds.
func (n *node) step(by time.Duration) error {
	next := n.clock + ".next"
	if err := os.WriteFile(next, fmt.Append(nil, int64(by/time.Second)), 0o600); err != nil {
		return err
	}
	// At once, since the process may read it still, for the step before.
	if err := os.Rename(next, n.clock); err != nil {
		return err
	}
	return n.signal(syscall.SIGUSR1)
}

// mayEnd says that the process is right to end from now on, as for a broken disk.
func (n *node) mayEnd() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		n.process.asked = true
	}
}

// faults are the ends that nobody had asked for.
func (n *node) faults() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(n.wrong...)
}
