package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/process"
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
	p, err := process.Start(ctx, s.command)
	if err != nil {
		return figures{}, err
	}
	defer p.Stop()
	before, err := p.ResidentBytes()
	if err != nil {
		return figures{}, err
	}
	if err := load(ctx, p, w); err != nil {
		return figures{}, err
	}
	after, err := p.ResidentBytes()
	if err != nil {
		return figures{}, err
	}
	f := figures{bytesPerKey: float64(after-before) / float64(w.keys)}
	for _, pipeline := range pipelines {
		for _, command := range []string{"set", "get"} {
			phase, err := runPhase(ctx, p, w, command, pipeline)
			if err != nil {
				return f, err
			}
			f.phases = append(f.phases, phase)
		}
	}
	return f, nil
}

// load sends a SET for each key by redis-cli's pipe mode.
func load(ctx context.Context, p *process.Process, w workload) error {
	var stream bytes.Buffer
	value := strings.Repeat("x", w.length)
	for i := range w.keys {
		fmt.Fprintf(&stream, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n", i, len(value), value)
	}
	cmd := exec.CommandContext(ctx, "redis-cli", "-p", strconv.Itoa(p.Port), "--pipe")
	cmd.Stdin = &stream
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "errors: 0") {
		return fmt.Errorf("redis-cli --pipe: %w: %s", err, out)
	}
	return nil
}

func runPhase(ctx context.Context, p *process.Process, w workload, command string, pipeline int) (phaseFigures, error) {
	f := phaseFigures{command: command, pipeline: pipeline}
	requests := w.requests
	if pipeline == 1 {
		requests /= 4
	}
	before, err := p.CPU()
	if err != nil {
		return f, err
	}
	out, err := exec.CommandContext(ctx, "redis-benchmark", "-p", strconv.Itoa(p.Port), "-t", command,
		"-n", strconv.Itoa(requests), "-c", strconv.Itoa(w.clients), "-P", strconv.Itoa(pipeline),
		"-d", strconv.Itoa(w.length), "-r", strconv.Itoa(w.keys), "--csv").Output()
	if err != nil {
		return f, fmt.Errorf("redis-benchmark: %w", err)
	}
	after, err := p.CPU()
	if err != nil {
		return f, err
	}
	f.cpuMicros = float64((after - before).Microseconds()) / float64(requests)
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
