package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"
)

// terminal is a pseudo-terminal: ours is the side of the person, theirs that of the program.
type terminal struct {
	ours, theirs *os.File
	mu           sync.Mutex
	shown        bytes.Buffer // all that was written to it
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { ours.Close() })
	var number, unlock uint32
	ioctl(t, ours, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	ioctl(t, ours, syscall.TIOCGPTN, unsafe.Pointer(&number))
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	pty := &terminal{ours: ours, theirs: theirs}
	go pty.read()
	return pty
}

func ioctl(t *testing.T, file *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatal(errno)
	}
}

func (p *terminal) read() {
	for b := make([]byte, 4096); ; {
		n, err := p.ours.Read(b)
		p.mu.Lock()
		p.shown.Write(b[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *terminal) resize(t *testing.T, width, height uint16) {
	t.Helper()
	size := [4]uint16{height, width}
	ioctl(t, p.ours, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

// await waits until what was written since the last call has all of want.
func (p *terminal) await(t *testing.T, want ...string) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		shown := p.shown.String()
		missing := ""
		for _, s := range want {
			if !strings.Contains(shown, s) {
				missing = s
			}
		}
		if missing == "" {
			p.shown.Reset()
		}
		p.mu.Unlock()
		if missing == "" {
			return shown
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q lacks %q", shown, missing)
		}
	}
}

// TestTopOnATerminal: the screen follows the server and the terminal's size, goes on while
// the server is away, ends with q, Ctrl-C or a signal, and leaves the terminal as it was.
func TestTopOnATerminal(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go"))
	for name, end := range map[string]func(pty *terminal, process *os.Process){
		"q":       func(pty *terminal, _ *os.Process) { pty.ours.WriteString("xq") },
		"Ctrl-C":  func(pty *terminal, _ *os.Process) { pty.ours.WriteString("\x03") },
		"SIGTERM": func(_ *terminal, process *os.Process) { process.Signal(syscall.SIGTERM) },
	} {
		pty := openTerminal(t)
		pty.resize(t, 150, 40)
		before, err := term.GetState(int(pty.theirs.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		cmd := program(t, "top", "--interval=100ms", "--server="+s.url)
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = pty.theirs, pty.theirs, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		pty.await(t, screenEnter, "mantisdb top  "+s.url, "operations")
		s.do("PUT", "/api/v1/kv/k", "v")
		pty.await(t, "keys       1 ")
		s.do("DELETE", "/api/v1/kv/k", "")
		pty.await(t, "keys       0 ")
		pty.resize(t, 20, 5)
		pty.await(t, "\x1b[1mmantisdb top  http:/\x1b[0m\r\n")
		end(pty, cmd.Process)
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v, %s", name, err, &stderr)
		}
		pty.await(t, screenLeave)
		if after, err := term.GetState(int(pty.theirs.Fd())); err != nil || *after != *before {
			t.Errorf("%s: the terminal's modes are others: %v", name, err)
		}
	}
	s.stop()
}

// TestTopWithoutTheServer tells so, and goes on when it is back.
func TestTopWithoutTheServer(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go"))
	pty := openTerminal(t) // which has no size, as a serial line
	cmd := program(t, "top", "--interval=100ms", "--server="+s.url)
	cmd.Stdin, cmd.Stdout = pty.theirs, pty.theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pty.await(t, "operations")
	s.stop()
	pty.await(t, "! no server listens at "+s.url)
	pty.ours.WriteString("q")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestTerminalGetsLineEnds: a value that a person reads ends its line; and who is asked
// whether to delete a range may say no.
func TestTerminalGetsLineEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	want(t, "", 0, "", "", "put", "k", "value", "--data-dir="+dir)
	pty := openTerminal(t)
	onTerminal := func(args ...string) error {
		cmd := program(t, append(args, "--data-dir="+dir)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = pty.theirs, pty.theirs, pty.theirs
		return cmd.Run()
	}
	if err := onTerminal("get", "k"); err != nil {
		t.Error(err)
	}
	pty.await(t, "value\r\n")
	pty.ours.WriteString("n\n")
	if err := onTerminal("del", "--prefix=k"); err == nil {
		t.Error("no was taken for yes")
	}
	pty.await(t, `delete every key that begins with "k" at `+dir+"? [y/N] ", "nothing was deleted")
	want(t, "", 0, "value", "", "get", "k", "--data-dir="+dir)
	pty.ours.WriteString("y\n")
	if err := onTerminal("del", "--prefix=k"); err != nil {
		t.Error(err)
	}
	want(t, "", exitAbsent, "", "absent", "get", "k", "--data-dir="+dir)
}
