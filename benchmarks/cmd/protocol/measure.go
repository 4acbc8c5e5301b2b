package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// figures are what one round finds of one server.
type figures struct {
	phases      []phaseFigures
	bytesPerKey float64
}

type phaseFigures struct {
	command   string
	pipeline  int
	cpuMicros float64 // of the server's processor time, for each request
	rate      float64 // requests a second
	p99       float64 // milliseconds
}

// measure loads the keys, in order so that each is there once, and runs all phases.
func measure(ctx context.Context, s server, w workload) (figures, error) {
	r, err := s.start(ctx)
	if err != nil {
		return figures{}, err
	}
	defer r.stop()
	before, err := r.residentBytes()
	if err != nil {
		return figures{}, err
	}
	if err := r.load(ctx, w); err != nil {
		return figures{}, err
	}
	after, err := r.residentBytes()
	if err != nil {
		return figures{}, err
	}
	f := figures{bytesPerKey: float64(after-before) / float64(w.keys)}
	for _, pipeline := range pipelines {
		for _, command := range []string{"set", "get"} {
			phase, err := r.phase(ctx, w, command, pipeline)
			if err != nil {
				return f, err
			}
			f.phases = append(f.phases, phase)
		}
	}
	return f, nil
}

// load sends a SET for each key by redis-cli's pipe mode.
func (r *running) load(ctx context.Context, w workload) error {
	var stream bytes.Buffer
	value := strings.Repeat("x", w.length)
	for i := range w.keys {
		fmt.Fprintf(&stream, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n", i, len(value), value)
	}
	cmd := exec.CommandContext(ctx, "redis-cli", "-p", strconv.Itoa(r.port), "--pipe")
	cmd.Stdin = &stream
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "errors: 0") {
		return fmt.Errorf("redis-cli --pipe: %w: %s", err, out)
	}
	return nil
}

func (r *running) phase(ctx context.Context, w workload, command string, pipeline int) (phaseFigures, error) {
	f := phaseFigures{command: command, pipeline: pipeline}
	requests := w.requests
	if pipeline == 1 {
		requests /= 4
	}
	before, err := r.cpuMicros()
	if err != nil {
		return f, err
	}
	out, err := exec.CommandContext(ctx, "redis-benchmark", "-p", strconv.Itoa(r.port), "-t", command,
		"-n", strconv.Itoa(requests), "-c", strconv.Itoa(w.clients), "-P", strconv.Itoa(pipeline),
		"-d", strconv.Itoa(w.length), "-r", strconv.Itoa(w.keys), "--csv").Output()
	if err != nil {
		return f, fmt.Errorf("redis-benchmark: %w", err)
	}
	after, err := r.cpuMicros()
	if err != nil {
		return f, err
	}
	f.cpuMicros = (after - before) / float64(requests)
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) < 2 {
		return f, fmt.Errorf("redis-benchmark printed %q", out)
	}
	head, last := rows[0], rows[len(rows)-1]
	for name, value := range map[string]*float64{"rps": &f.rate, "p99_latency_ms": &f.p99} {
		i := slices.Index(head, name)
		if i < 0 {
			return f, fmt.Errorf("redis-benchmark tells no %s", name)
		}
		if *value, err = strconv.ParseFloat(last[i], 64); err != nil {
			return f, err
		}
	}
	return f, nil
}

// clockTicks are those of a second in /proc, on every Linux that Go runs on.
const clockTicks = 100

// cpuMicros is the processor time that the server has used, in user and system mode.
func (r *running) cpuMicros() (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// Behind the name, which is in parentheses and may have anything in it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := 0.0
	for _, field := range fields[11:13] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks / clockTicks * 1e6, nil
}

// residentBytes is what the server has in memory.
func (r *running) residentBytes() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", r.cmd.Process.Pid)
}
