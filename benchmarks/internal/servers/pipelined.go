package servers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// pipelines are how many commands a client sends before it waits.
var pipelines = []int{1, 16, 64}

// pipelined loads the keys and has redis-benchmark drive the server.
func pipelined(ctx context.Context, r *runner) error {
	if err := r.loadByPipe(ctx); err != nil {
		return err
	}
	for _, pipeline := range pipelines {
		for _, command := range []string{"set", "get"} {
			workload := fmt.Sprintf("%s_p%d", command, pipeline)
			if r.Only != nil && !r.Only.MatchString(workload) {
				continue
			}
			err := r.phase(workload, func(record *measure.Record) error {
				return r.redisBenchmark(ctx, command, pipeline, record)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// loadByPipe sends a SET for each key, in order so that each is there once, by redis-cli's
// pipe mode, and writes the records of that and of what the server then takes.
func (r *runner) loadByPipe(ctx context.Context) error {
	err := r.phase("load", func(record *measure.Record) error {
		record.Threads, record.Ops = 1, int64(r.Keys)
		cmd := exec.CommandContext(ctx, redisCLI, "-p", strconv.Itoa(r.servers[0].Port), "--pipe")
		in, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			return err
		}
		writeErr := firstError(r.writeSets(in), in.Close())
		if err := firstError(cmd.Wait(), writeErr); err != nil {
			return fmt.Errorf("redis-cli --pipe: %w: %s", err, out.Bytes())
		}
		if want := fmt.Sprintf("errors: 0, replies: %d", r.Keys); !strings.Contains(out.String(), want) {
			return fmt.Errorf("redis-cli --pipe: %s", out.Bytes())
		}
		return nil
	})
	return firstError(err, r.loaded())
}

// writeSets writes the commands. Values are those of all other loads: what a server's disk
// takes would else tell how well it compresses one letter.
func (r *runner) writeSets(to io.Writer) error {
	out := bufio.NewWriter(to)
	var key [work.KeyLen]byte
	value := make([]byte, r.ValueBytes)
	for id := range r.Keys {
		work.Value(value, id, 0)
		fmt.Fprintf(out, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", work.KeyLen, work.Key(&key, id), len(value), value)
	}
	return out.Flush()
}

// pipelinedRequests are how many requests a phase has: fewer where each takes longer, so
// that phases take about as long.
func (r *runner) pipelinedRequests(command string, pipeline int) int {
	requests := r.Requests
	if pipeline == 1 {
		requests /= 4
	}
	if command == "set" && r.scenario.durability == synced {
		requests /= 10
	}
	return requests
}

func (r *runner) redisBenchmark(ctx context.Context, command string, pipeline int, record *measure.Record) error {
	requests := r.pipelinedRequests(command, pipeline)
	out, err := exec.CommandContext(ctx, redisBenchmark, "-p", strconv.Itoa(r.servers[0].Port), "-t", command,
		"-n", strconv.Itoa(requests), "-c", strconv.Itoa(r.Clients), "-P", strconv.Itoa(pipeline),
		"-d", strconv.Itoa(r.ValueBytes), "-r", strconv.FormatUint(r.Keys, 10), "--csv").Output()
	if err != nil {
		return fmt.Errorf("redis-benchmark: %w", err)
	}
	record.Ops = int64(requests)
	return parseBenchmark(out, record)
}

// parseBenchmark sets a record's rate and latencies from what redis-benchmark --csv prints:
// a line of names, and one for the command. It tells no 99.9th percentile.
func parseBenchmark(out []byte, record *measure.Record) error {
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 2 {
		return fmt.Errorf("redis-benchmark printed %q", out)
	}
	column := func(name string) (float64, error) {
		i := slices.Index(rows[0], name)
		if i < 0 {
			return 0, fmt.Errorf("redis-benchmark tells no %s: %q", name, out)
		}
		return strconv.ParseFloat(rows[1][i], 64)
	}
	if record.OpsPerSec, err = column("rps"); err != nil {
		return err
	}
	if record.OpsPerSec <= 0 {
		return fmt.Errorf("redis-benchmark printed %q", out)
	}
	record.Seconds = float64(record.Ops) / record.OpsPerSec
	for name, nanos := range map[string]*int64{
		"p50_latency_ms": &record.P50, "p99_latency_ms": &record.P99, "max_latency_ms": &record.Max,
	} {
		millis, err := column(name)
		if err != nil {
			return err
		}
		*nanos = int64(millis * float64(time.Millisecond))
	}
	return nil
}
