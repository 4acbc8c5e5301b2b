package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what servers have used up to a moment, and what they hold then.
type Usage struct {
	// CPU is processor time, in user and system mode, with that of children that
	// have ended. It is exact to a hundredth of a second.
	CPU time.Duration
	// Anon and File are the bytes that are in memory, of no file and of mapped files.
	Anon, File uint64
	// Written is how many bytes the disk was had to write.
	Written uint64
}

// clockTicks are those of a second in /proc, on every Linux that Go runs on.
const clockTicks = 100

func (p *Process) usage() (u Usage, err error) {
	if u.CPU, err = p.cpu(); err != nil {
		return u, err
	}
	memory, err := p.numbers("status", "RssAnon", "RssFile")
	if err != nil {
		return u, err
	}
	io, err := p.numbers("io", "write_bytes")
	if err != nil {
		return u, err
	}
	u.Anon, u.File, u.Written = memory[0]<<10, memory[1]<<10, io[0]
	return u, nil
}

func (p *Process) read(name string) ([]byte, error) {
	return os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
}

func (p *Process) cpu() (time.Duration, error) {
	stat, err := p.read("stat")
	if err != nil {
		return 0, err
	}
	// Behind the name, which is in parentheses and may have anything in it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := time.Duration(0)
	for _, field := range fields[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += time.Duration(n)
	}
	return ticks * time.Second / clockTicks, nil
}

// numbers are those behind names in a file of "Name: number" lines.
func (p *Process) numbers(file string, names ...string) ([]uint64, error) {
	text, err := p.read(file)
	if err != nil {
		return nil, err
	}
	values := make([]uint64, len(names))
	for i, name := range names {
		_, rest, found := strings.Cut("\n"+string(text), "\n"+name+":")
		fields := strings.Fields(rest)
		if !found || len(fields) == 0 {
			return nil, fmt.Errorf("/proc tells no %s of process %d", name, p.cmd.Process.Pid)
		}
		if values[i], err = strconv.ParseUint(fields[0], 10, 64); err != nil {
			return nil, fmt.Errorf("%s of process %d: %w", name, p.cmd.Process.Pid, err)
		}
	}
	return values, nil
}
