//go:build linux

package abusetest

import (
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	where := os.Getenv(probeVariable)
	if where == "" {
		os.Exit(m.Run())
	}
	if err := serveProbe(where); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

// abuse is one way to wrong a server.
type abuse struct {
	name string
	// most is how many bytes of memory the server may take more than before it.
	most int64
	// begin does it. It returns as soon as there is something to measure; what goes on
	// behind that ends with the connections of abusers.
	begin func(t *testing.T, a *abusers)
}

// window is how long one percentile is of; a window holds some hundred requests of each
// operation.
const window = 100 * time.Millisecond

// windows is how many there are while a server is abused: a few, or as many as
// MANTISDB_ABUSE_FOR, a time for each abuse, asks for.
func windows(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MANTISDB_ABUSE_FOR")
	if text == "" {
		return 5
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("MANTISDB_ABUSE_FOR: %v", err)
	}
	return max(5, int(long/window))
}

// unnoticed is a latency that is not told from noise: a process that has to wait for one
// other on a shared core waits for some milliseconds.
const unnoticed = 10 * time.Millisecond

// attempts is how often latencies may be too long, or memory too much: other work on the
// machine makes them so for a while, a fault of the server each time. recovery is how long
// that work is given to end before the second attempt, and as much more before each one
// after it.
const (
	attempts = 5
	recovery = 3 * time.Second
)

// TestAbuse wrongs a server in every way, each time a new one.
func TestAbuse(t *testing.T) {
	if testing.Short() {
		t.Skip("measures latencies, which instruments change")
	}
	binary := build(t)
	control := start(t, binary)
	f := field{binary, newProbe(t, "tcp", control.address), windows(t)}
	for _, a := range slices.Concat(connectionAbuses(), redisAbuses(), httpAbuses()) {
		t.Run(a.name, func(t *testing.T) { f.judge(t, a, "tcp", "--client-output-buffer=4194304") })
	}
	certificate, key := newCertificate(t)
	for _, a := range encryptedAbuses() {
		t.Run("encrypted: "+a.name, func(t *testing.T) {
			f.judge(t, a, "unix", "--tls-cert="+certificate, "--tls-key="+key)
		})
	}
}

// field is where servers are abused.
type field struct {
	binary string
	// control is a client of a server that nobody abuses: what it has to wait for is the
	// machine, which the abusers and other programs keep busy.
	control *probe
	windows int
}

// judge fails the test if a server does not bear an abuse. The client that means well
// connects by a network.
func (f *field) judge(t *testing.T, a abuse, network string, flags ...string) {
	for attempt := 1; ; attempt++ {
		s := start(t, f.binary, flags...)
		address := s.address
		if network == "unix" {
			address = s.socket
		}
		p := newProbe(t, network, address)
		before := p.measure(t, order{3, window})
		during, control, more := f.endure(t, s, p, a)
		fault := slower(before, during, control)
		if more > a.most {
			fault = fmt.Sprintf("the server took %d MiB more memory, and %d MiB are allowed", more>>20, a.most>>20)
		}
		if fault == "" {
			return
		}
		if attempt == attempts {
			t.Fatalf("a fault in each of %d attempts, at last: %s", attempts, fault)
		}
		t.Logf("attempt %d: %s", attempt, fault)
		time.Sleep(time.Duration(attempt) * recovery)
	}
}

// endure lets a server be abused, and returns what another client saw meanwhile, and one of
// the server that is not abused, and how many bytes more the server took.
func (f *field) endure(t *testing.T, s *target, p *probe, a abuse) (during, control latencies, more int64) {
	t.Helper()
	memory, err := s.memory()
	if err != nil {
		t.Fatal(err)
	}
	abusers := &abusers{target: s, end: make(chan struct{})}
	defer abusers.stop()
	stop := s.watchMemory()
	a.begin(t, abusers)
	o := order{f.windows, window}
	p.ask(t, o)
	control = f.control.measure(t, o)
	during = p.answer(t)
	more = stop() - memory
	t.Logf("%d MiB more than %d MiB; p99 %v, elsewhere %v", more>>20, memory>>20, during.P99, control.P99)
	if !s.isUp() {
		t.Fatal("the server ended")
	}
	return during, control, more
}

// slower tells of an operation whose latency has more than doubled; empty if none has.
func slower(before, during, control latencies) string {
	for name, now := range during.P99 {
		if most := max(2*before.P99[name], 2*control.P99[name], unnoticed); now > most {
			return fmt.Sprintf("the p99 of %s is %v, was %v before, and is %v elsewhere", name, now, before.P99[name], control.P99[name])
		}
	}
	return ""
}

// abusers are the clients that wrong a server, until they are stopped.
type abusers struct {
	*target
	end     chan struct{}
	working sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// connect opens n connections, a few at a time.
func (a *abusers) connect(t *testing.T, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	failed := make(chan error, n)
	var dialling sync.WaitGroup
	for from := range 8 {
		dialling.Go(func() {
			for i := from; i < n; i += 8 {
				conn, err := a.dial()
				if err != nil {
					failed <- err
					return
				}
				conns[i] = conn
				a.keep(conn)
			}
		})
	}
	dialling.Wait()
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	return conns
}

// connectToNotRead is connect for clients that do not read, with little room for what they
// are sent, so that they are soon behind.
func (a *abusers) connectToNotRead(t *testing.T, n int) []net.Conn {
	t.Helper()
	conns := a.connect(t, n)
	for _, conn := range conns {
		if err := conn.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil {
			t.Fatal(err)
		}
	}
	return conns
}

// keep has a connection be closed in the end.
func (a *abusers) keep(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns = append(a.conns, conn)
}

// send sends the same on each connection, once. That the server may have closed it is its
// right.
func (a *abusers) send(conns []net.Conn, text []byte) {
	for _, conn := range conns {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write(text)
	}
}

// repeat does something again and again with a pause behind it, until the abusers are
// stopped or it returns an error.
func (a *abusers) repeat(pause time.Duration, do func() error) {
	a.working.Go(func() {
		for do() == nil {
			select {
			case <-a.end:
				return
			case <-time.After(pause):
			}
		}
	})
}

// stop ends the abuse, and returns once nobody is at it.
func (a *abusers) stop() {
	close(a.end)
	a.mu.Lock()
	for _, conn := range a.conns {
		conn.Close()
	}
	a.mu.Unlock()
	a.working.Wait()
}
