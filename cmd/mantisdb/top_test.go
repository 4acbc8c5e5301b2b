package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// TestTopLines: what is no terminal gets lines, as many as it asks for, with the rates of
// what was done meanwhile.
func TestTopLines(t *testing.T) {
	eachTarget(t, func(t *testing.T, target string) {
		got := finish(t, program(t, "top", "--count=2", "--interval=100ms", target))
		lines := strings.Split(got.stdout, "\n")
		if got.code != 0 || got.stderr != "" || len(lines) != 4 || len(strings.Fields(lines[0])) != len(topColumns) || len(strings.Fields(lines[2])) != len(topColumns) {
			t.Errorf("%+v", got)
		}
	})
}

func TestTopTellsRates(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go"))
	cmd := program(t, "top", "--interval=1s", "--server="+s.url)
	var stdout, stderr bytes.Buffer
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for strings.Count(stdout.String(), "\n") < 3 {
		s.do("PUT", "/api/v1/kv/k", "v")
		if strings.Contains(stdout.String(), "time") || stdout.Len() == 0 {
			n, err := out.Read(buffer)
			stdout.Write(buffer[:n])
			if err != nil {
				t.Fatalf("%v: %s", err, &stderr)
			}
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, &stderr)
	}
	// A put fell into one of the two intervals, which may be longer than a second.
	if !regexp.MustCompile(`(?m)^\S+ +0 +- +(0\.)?[1-9]`).MatchString(stdout.String()) {
		t.Errorf("%s", &stdout)
	}
	s.stop()
}

// sampleOf is a sample of figures that a server tells.
func sampleOf(t *testing.T, told string, at time.Time) *sample {
	t.Helper()
	s := &sample{at: at}
	if err := json.Unmarshal([]byte(told), &s.Snapshot); err != nil {
		t.Fatal(err)
	}
	return s
}

// twoSamples are two seconds apart.
func twoSamples(t *testing.T) change {
	const before = `{"engine":"rust","durability":"sync","gets":100,"get_hits":100,"puts":50,"evicted":9,"stall_nanos":0,
		"redis":{"commands":[{"name":"get","calls":10,"time_nanos":10000,"latencies":{"buckets":[10]}},{"name":"idle","calls":3}]}}`
	const after = `{"engine":"rust","durability":"sync","gets":300,"get_hits":250,"puts":50,"evicted":4,"stall_nanos":1000000000,
		"disk_bytes":1048576,"segments":7,"memory_bytes":1024,"memory_limit":4096,
		"redis":{"commands":[{"name":"get","calls":110,"failed":4,"time_nanos":210000,"latencies":{"buckets":[10,90,10]}},{"name":"idle","calls":3}]},
		"http":{"routes":[{"method":"GET","path":"/api/v1/kv/{key}","status":"2xx","requests":2,"time_nanos":4000,"latencies":{"buckets":[0,0,0,0,2]}}]}}`
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	return change{sampleOf(t, before, at), sampleOf(t, after, at.Add(2*time.Second))}
}

func TestTopFigures(t *testing.T) {
	c := twoSamples(t)
	if got := c.rate(gets); got != 100 {
		t.Errorf("%v gets a second", got)
	}
	if got := c.rate(evicted); got != 2 {
		t.Errorf("a counter that was begun anew grew by %v a second", got)
	}
	if got, ok := c.share(getHits, gets); !ok || got != 0.75 {
		t.Errorf("hits %v, %v", got, ok)
	}
	if _, ok := c.share(blockHits, blocks); ok {
		t.Error("a share of nothing")
	}
	all := c.latencies()
	if len(all) != 2 || all[0].title != "get" || all[1].title != "GET /api/v1/kv/{key} 2xx" {
		t.Fatalf("%+v", all)
	}
	get := all[0]
	if get.rate != 50 || get.failures != 2 || get.mean != 2*time.Microsecond {
		t.Errorf("%+v", get)
	}
	// 90 of the 100 since then took 125 to 250 ns, the others up to 500.
	for p, want := range map[float64]time.Duration{45: 187, 90: 250, 95: 375, 100: 500} {
		if got := get.Percentile(p); got != want {
			t.Errorf("of %v in a hundred: %v; want %v", p, got, want)
		}
	}
	if got := percentile(new(figures.Latencies), 50); got != "-" {
		t.Errorf("a percentile of nothing: %s", got)
	}
	line := strings.Fields(topLine(c))
	if line[1] != "100" || line[2] != "75.0%" || line[3] != "0" || line[len(line)-1] != "50.0%" {
		t.Errorf("%v", line)
	}
}

func TestTopView(t *testing.T) {
	c := twoSamples(t)
	v := topView{name: "http://h", interval: 2 * time.Second}
	if lines, head := v.lines(); len(lines) == 0 || head != -1 {
		t.Errorf("before the first sample: %q, %d", lines, head)
	}
	v.add(c.from, nil)
	v.add(c.to, nil)
	lines, head := v.lines()
	text := strings.Join(lines, "\n")
	for _, want := range []string{"mantisdb top  http://h  engine rust, sync", "get 100/s (hit 75.0%)", "1.0 KiB of 4.0 KiB (25.0%)",
		"1.0 MiB   segments 7", "writers held up 50.0%", "GET /api/v1/kv/{key} 2xx"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nlacks %q", text, want)
		}
	}
	if head != len(lines)-3 || !strings.Contains(lines[head], "p99") {
		t.Errorf("the head is line %d", head)
	}
	v.add(nil, errors.New("it is\naway"))
	if lines, _ := v.lines(); !strings.HasPrefix(lines[2], "! it is; away") || !strings.Contains(strings.Join(lines, "\n"), "get 100/s") {
		t.Errorf("%q", lines)
	}
	v.add(c.to, nil)
	if lines, _ := v.lines(); strings.HasPrefix(lines[2], "!") {
		t.Errorf("%q", lines)
	}
}

func TestFrame(t *testing.T) {
	got := string(frame([]string{"a title", "", "row\x1b[2J é", "head", "last"}, 3, 6, 4))
	const want = "\x1b[H\x1b[K\x1b[1ma titl\x1b[0m\r\n\x1b[K\r\n\x1b[Krow[2J\r\n\x1b[K\x1b[7mhead\x1b[0m\x1b[J"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := string(frame([]string{"x"}, -1, 0, 0)); strings.Contains(got, "x") {
		t.Errorf("%q", got)
	}
}

// TestTakeSamples: samples are taken one after the other until the context ends.
func TestTakeSamples(t *testing.T) {
	r := fakeServer(t, 200, "application/json", `{"keys":7,"unknown":{"more":[1]}}`)
	ctx, cancel := context.WithCancel(t.Context())
	samples := make(chan attempt)
	done := make(chan struct{})
	go func() {
		defer close(done)
		takeSamples(ctx, r, time.Millisecond, samples)
	}()
	for range 3 {
		if a := <-samples; a.err != nil || a.sample.Keys != 7 {
			t.Errorf("%+v", a)
		}
	}
	cancel()
	<-done
}
