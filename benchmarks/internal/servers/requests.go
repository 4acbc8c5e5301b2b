package servers

import (
	"bytes"
	"context"
	_ "embed" // for the script
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

//go:embed request.lua
var requestScript []byte

// requests loads the keys, unless the server keeps none, and has wrk send requests of the
// HTTP API.
func requests(ctx context.Context, r *runner) error {
	if r.system.dial != nil {
		if err := r.loadByPipe(ctx); err != nil {
			return err
		}
	}
	script, err := writeScript()
	if err != nil {
		return err
	}
	defer os.Remove(script)
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		err := r.phase("http_"+strings.ToLower(method), func(record *measure.Record) error {
			return r.wrk(ctx, script, method, record)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeScript writes the script to a file, whose name it returns.
func writeScript() (string, error) {
	f, err := os.CreateTemp("", "request-*.lua")
	if err != nil {
		return "", err
	}
	_, err = f.Write(requestScript)
	return f.Name(), firstError(err, f.Close())
}

func (r *runner) wrk(ctx context.Context, script, method string, record *measure.Record) error {
	out, err := exec.CommandContext(ctx, wrk, "--threads", "1", "--connections", strconv.Itoa(r.Clients),
		"--duration", fmt.Sprintf("%.0fs", math.Ceil(r.Seconds)), "--script", script, "http://"+r.servers[0].Addr(),
		"--", method, strconv.FormatUint(r.Keys, 10), strconv.Itoa(r.ValueBytes), strconv.FormatUint(r.Seed, 10)).Output()
	if err != nil {
		return fmt.Errorf("wrk: %w", err)
	}
	return parseWrk(out, record)
}

// parseWrk sets a record's operations and latencies from the line that the script prints.
// Any request that failed is an error.
func parseWrk(out []byte, record *measure.Record) error {
	at := bytes.LastIndexByte(out, '{')
	if at < 0 {
		return fmt.Errorf("wrk printed %q", out)
	}
	var found struct{ Requests, Micros, Failed, P50, P99, P999, Max int64 }
	if err := json.Unmarshal(out[at:], &found); err != nil {
		return fmt.Errorf("wrk printed %q: %w", out, err)
	}
	if found.Failed != 0 || found.Requests == 0 || found.Micros == 0 {
		return fmt.Errorf("%d of %d requests of wrk failed", found.Failed, found.Requests)
	}
	micro := int64(time.Microsecond)
	record.Ops, record.Seconds = found.Requests, float64(found.Micros)/1e6
	record.P50, record.P99, record.P999, record.Max = found.P50*micro, found.P99*micro, found.P999*micro, found.Max*micro
	return nil
}
