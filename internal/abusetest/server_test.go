//go:build linux

package abusetest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"
)

// target is the server that is abused.
type target struct {
	address string // of its port
	socket  string // its Unix socket, which is not encrypted
	pid     int
	gone    chan struct{} // closed when the process has ended
}

// build makes the program with the tags of the test.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mantisdb")
	cmd := exec.Command("go", "build", "-tags", buildTags, "-o", binary, "github.com/mantisdb/mantisdb/cmd/mantisdb")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

var listening = regexp.MustCompile(`listening.*https?://([0-9.:]+)`)

// start starts the program, and kills it after the test.
func start(t *testing.T, binary string, flags ...string) *target {
	t.Helper()
	s := &target{socket: filepath.Join(t.TempDir(), "socket"), gone: make(chan struct{})}
	cmd := exec.Command(binary, append(flags, "--port=0", "--unix-socket="+s.socket)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = cmd.Process.Pid
	lines := bufio.NewScanner(stderr)
	for s.address == "" && lines.Scan() {
		if match := listening.FindStringSubmatch(lines.Text()); match != nil {
			s.address = match[1]
		}
	}
	go func() {
		defer close(s.gone)
		for lines.Scan() { // so that it never waits for who reads its log
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-s.gone })
	if s.address == "" {
		t.Fatal("the server did not start")
	}
	return s
}

// isUp tells whether the process still runs.
func (s *target) isUp() bool {
	select {
	case <-s.gone:
		return false
	default:
		return true
	}
}

// memory is the resident memory of the process, in bytes.
func (s *target) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0, err
	}
	return resident * int64(os.Getpagesize()), nil
}

// watchMemory looks at the memory until stop is called, which returns the most there was.
func (s *target) watchMemory() (stop func() int64) {
	var most atomic.Int64
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if now, err := s.memory(); err == nil {
				most.Store(max(most.Load(), now))
			}
			select {
			case <-end:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(end)
		<-ended
		return most.Load()
	}
}

// dial connects to the port.
func (s *target) dial() (net.Conn, error) { return net.DialTimeout("tcp", s.address, 30*time.Second) }
