//go:build linux

package abusetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// probe is the client that means well: a process of its own, which reads and writes with
// both protocols in turn and notes how long each answer takes.
type probe struct {
	stdin  *json.Encoder
	stdout *json.Decoder
}

// order asks a probe to measure for some windows of time.
type order struct {
	Windows int
	Window  time.Duration
}

// latencies are what a probe has seen of each operation: the 99th percentile of each
// window, and of these the median, so that one pause of the machine decides nothing.
type latencies struct {
	P99   map[string]time.Duration
	Wrong string // an answer that was none; empty if all were right
}

// probeVariable makes the test binary a probe of what it names, as NETWORK ADDRESS.
const probeVariable = "MANTISDB_ABUSETEST_PROBE"

func newProbe(t *testing.T, network, address string) *probe {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), probeVariable+"="+network+" "+address)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	return &probe{json.NewEncoder(in), json.NewDecoder(out)}
}

// measure has the probe measure.
func (p *probe) measure(t *testing.T, o order) latencies {
	t.Helper()
	p.ask(t, o)
	return p.answer(t)
}

// ask begins to measure, and answer is what it came to.
func (p *probe) ask(t *testing.T, o order) {
	t.Helper()
	if err := p.stdin.Encode(o); err != nil {
		t.Fatal(err)
	}
}

func (p *probe) answer(t *testing.T) latencies {
	t.Helper()
	var l latencies
	if err := p.stdout.Decode(&l); err != nil {
		t.Fatal("the probe ended:", err)
	}
	if l.Wrong != "" {
		t.Fatal("the client that means well got a wrong answer: ", l.Wrong)
	}
	return l
}

// serveProbe is the probe's process: it carries out orders until there are no more.
func serveProbe(where string) error {
	network, address, _ := strings.Cut(where, " ")
	operations, err := newOperations(network, address)
	if err != nil {
		return err
	}
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := answers.Encode(carryOut(operations, o)); err != nil {
			return err
		}
	}
}

// operation is one of those that a probe does in turn.
type operation struct {
	name string
	do   func() error
}

func carryOut(operations []operation, o order) latencies {
	windows := map[string][]time.Duration{}
	for range o.Windows {
		took := map[string][]time.Duration{}
		for end := time.Now().Add(o.Window); time.Now().Before(end); {
			for _, op := range operations {
				began := time.Now()
				if err := op.do(); err != nil {
					return latencies{Wrong: fmt.Sprintf("%s: %v", op.name, err)}
				}
				took[op.name] = append(took[op.name], time.Since(began))
			}
		}
		for name, all := range took {
			windows[name] = append(windows[name], percentile(all, 99))
		}
	}
	l := latencies{P99: map[string]time.Duration{}}
	for name, all := range windows {
		l.P99[name] = percentile(all, 50)
	}
	return l
}

// percentile is the value that p of a hundred are not above. It sorts them.
func percentile(all []time.Duration, p int) time.Duration {
	slices.Sort(all)
	return all[(len(all)-1)*p/100]
}

// probeValue is what the probe writes and must read.
const probeValue = "0123456789abcdef0123456789abcdef"

// patience is how long an answer may take at all.
const patience = 10 * time.Second

// newOperations connects with both protocols.
func newOperations(network, address string) ([]operation, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	redis := func(want string, args ...string) func() error {
		request, got := command(args...), make([]byte, len(want))
		return func() error {
			if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
				return err
			}
			if _, err := conn.Write(request); err != nil {
				return err
			}
			if _, err := io.ReadFull(in, got); err != nil || string(got) != want {
				return fmt.Errorf("%q instead of %q, %w", got, want, err)
			}
			return nil
		}
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}}
	return []operation{
		{"SET", redis("+OK\r\n", "SET", "probe", probeValue)},
		{"GET", redis(fmt.Sprintf("$%d\r\n%s\r\n", len(probeValue), probeValue), "GET", "probe")},
		{"PUT by HTTP", func() error { return overHTTP(client, http.MethodPut, probeValue, http.StatusNoContent, "") }},
		{"GET by HTTP", func() error { return overHTTP(client, http.MethodGet, "", http.StatusOK, probeValue) }},
	}, nil
}

func overHTTP(client *http.Client, method, body string, status int, want string) error {
	r, err := http.NewRequest(method, "http://server/api/v1/kv/probe-http", strings.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status || string(got) != want {
		return fmt.Errorf("%s %q, %w", answer.Status, got, err)
	}
	return nil
}

// command is a command of the Redis protocol as it is sent.
func command(args ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.Bytes()
}
