package redis

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// figuresOf are those of a command.
func figuresOf(t *testing.T, s *testServer, name string) figures.Command {
	t.Helper()
	f, err := s.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Redis.Commands {
		if c.Name == name {
			return c
		}
	}
	return figures.Command{Name: name}
}

func wantCounts(t *testing.T, s *testServer, name string, calls, failed, rejected int64) {
	t.Helper()
	f := figuresOf(t, s, name)
	if f.Calls != calls || f.Failed != failed || f.Rejected != rejected {
		t.Errorf("%s: %d calls, %d failed, %d rejected, want %d, %d, %d", name, f.Calls, f.Failed, f.Rejected, calls, failed, rejected)
	}
	if f.Latencies.Count() != calls {
		t.Errorf("%s: durations of %d calls, want %d", name, f.Latencies.Count(), calls)
	}
}

func TestEveryCommandIsCounted(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "SET", "k", "text")
	c.want("OK", "SET", "k", "text", "KEEPTTL") // not by the fast path
	c.do("INCR", "k")                           // fails
	c.do("GET")                                 // rejected
	c.do("CLIENT", "ID")
	c.do("NOSUCH")
	c.write(command("GET", "k") + command("GET", "k") + command("GET", "k"))
	for range 3 {
		c.wantNext("text")
	}
	wantCounts(t, s, "set", 2, 0, 0)
	wantCounts(t, s, "incr", 1, 1, 0)
	wantCounts(t, s, "get", 3, 0, 1)
	wantCounts(t, s, "client|id", 1, 0, 0)
	f, err := s.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if f.Redis.Errors["ERR"] != 3 || len(f.Redis.Errors) != 1 {
		t.Errorf("errors: %v, want 3 ERR", f.Redis.Errors)
	}
	if f.Redis.Traffic.Commands != 7 {
		t.Errorf("%d commands, want 7", f.Redis.Traffic.Commands)
	}
	if f.Redis.Traffic.Received == 0 || f.Redis.Traffic.Sent == 0 || f.Redis.Traffic.Reads == 0 || f.Redis.Traffic.Writes == 0 {
		t.Errorf("traffic: %+v", f.Redis.Traffic)
	}
	c.want("OK", "CONFIG", "RESETSTAT")
	wantCounts(t, s, "set", 0, 0, 0)
	wantCounts(t, s, "get", 0, 0, 0)
	wantCounts(t, s, "config|resetstat", 1, 0, 0)
	if f, _ = s.snapshot(); len(f.Redis.Errors) != 0 {
		t.Errorf("errors after a reset: %v", f.Redis.Errors)
	}
}

func TestCommandsAreToldInTheOrderOfTheirNames(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	for _, name := range []string{"STRLEN", "GET", "TTL", "EXISTS", "TYPE", "DUMP"} {
		c.do(name, "none")
	}
	c.do("CONFIG", "GET", "save")
	f, err := s.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(f.Redis.Commands))
	for _, cmd := range f.Redis.Commands {
		names = append(names, cmd.Name)
	}
	if len(names) != 7 || !slices.IsSorted(names) {
		t.Errorf("%q", names)
	}
}

func TestCommandsOfATransactionAreCountedOnce(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", "text")
	c.want("QUEUED", "INCR", "k")
	c.want("QUEUED", "PING")
	c.do("EXEC")
	for _, name := range []string{"multi", "set", "ping", "exec"} {
		wantCounts(t, s, name, 1, 0, 0)
	}
	wantCounts(t, s, "incr", 1, 1, 0)
}

// What many clients do at once is counted whole.
func TestShardsAddUp(t *testing.T) {
	const clients, each = 20, 100
	s := newTestServer(t)
	var all sync.WaitGroup
	for range clients {
		c := s.dial(t)
		all.Go(func() {
			for range each {
				c.do("PING")
			}
		})
	}
	all.Wait()
	wantCounts(t, s, "ping", clients*each, 0, 0)
}

func TestRatesAreOfTheLastSecond(t *testing.T) {
	var r rates
	stop := make(chan struct{})
	r.clients, r.stop = 1, stop
	r.before = figures.Traffic{Commands: 100, Received: 1000, Sent: 10}
	r.take(figures.Traffic{Commands: 300, Received: 1500, Sent: 20}, 2*time.Second, stop)
	if got, want := r.snapshot(), (figures.Rates{Commands: 100, Received: 250, Sent: 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// After a reset the sums are smaller; nothing is below zero.
	r.take(figures.Traffic{Commands: 1}, time.Second, stop)
	if got := r.snapshot().Commands; got != 0 {
		t.Errorf("%v commands a second after a reset", got)
	}
	r.end()
	if got := r.snapshot(); got != (figures.Rates{}) {
		t.Errorf("without clients: %+v", got)
	}
}

// TestTimeBelongsToOneCommand: what follows a slow command of a pipeline does not count its
// time again.
func TestTimeBelongsToOneCommand(t *testing.T) {
	s := newTestServerWith(t, Config{EnableDebug: true})
	c := s.dial(t)
	c.want("OK", "SET", "k", "text")
	c.write(command("GET", "k") + command("DEBUG", "SLEEP", "0.5") + command("GET", "k"))
	c.wantNext("text")
	c.wantNext("OK")
	c.wantNext("text")
	f, err := s.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range f.Redis.Commands {
		slept := cmd.Name == "debug"
		if cmd.Time >= 500*time.Millisecond != slept {
			t.Errorf("%s took %v", cmd.Name, cmd.Time)
		}
	}
}

func TestAccountingAllocatesNothing(t *testing.T) {
	s := newTestServer(t)
	s.dial(t).do("PING")
	c := accountedClient(s)
	args := [][]byte{[]byte("GET"), []byte("k")}
	c.request.now = time.Now()
	if n := testing.AllocsPerRun(1000, func() {
		s.account(c, s.get, args, c.request.now, time.Microsecond, nil)
		s.accountRun(c, s.get, 16, 0)
		c.run.begin(args)
		c.publishView()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// accountedClient is a client without a connection.
func accountedClient(s *testServer) *Client {
	s.slow.setLogFrom(-1)
	c := &Client{server: s.Server, id: 1, traffic: &s.traffic[0]}
	c.publishView()
	return c
}

func BenchmarkAccountRun(b *testing.B) {
	s := newTestServer(b)
	c := accountedClient(s)
	c.request.now = time.Now()
	b.ReportAllocs()
	for b.Loop() {
		s.accountRun(c, s.get, 16, 0)
	}
}

func BenchmarkAccountRunParallel(b *testing.B) {
	s := newTestServer(b)
	s.slow.setLogFrom(-1)
	now := time.Now()
	var last struct {
		sync.Mutex
		id int64
	}
	b.RunParallel(func(pb *testing.PB) {
		last.Lock()
		last.id++
		c := &Client{server: s.Server, id: last.id}
		last.Unlock()
		c.traffic = s.traffic.of(c)
		c.request.now = now
		for pb.Next() {
			s.accountRun(c, s.get, 16, 0)
		}
	})
}
