package redis

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/eventloop"
)

// needsLoops skips a test where there are no event loops.
func needsLoops(t *testing.T) {
	t.Helper()
	loops, err := eventloop.New(1)
	if err != nil {
		t.Skip(err)
	}
	loops.Close()
}

func TestIdleClientsHaveNoGoroutines(t *testing.T) {
	needsLoops(t)
	s := newTestServer(t)
	first := s.dial(t)
	first.want("PONG", "PING")
	before := runtime.NumGoroutine()
	const clients = 200
	for i := range clients {
		c := s.dial(t)
		c.want("OK", "SET", fmt.Sprint(i), "x")
		c.want("x", "GET", fmt.Sprint(i))
	}
	waitUntil(t, func() bool { return runtime.NumGoroutine() < before+clients/4 })
	first.want(int64(clients), "DBSIZE")
}

func TestOneWhoWaitsHoldsNobodyUp(t *testing.T) {
	for name, wait := range map[string][]string{
		"asleep": {"DEBUG", "SLEEP", "3"},
		"paused": {"SET", "key", "value"}, // by the other client
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServerWith(t, Config{EnableDebug: true})
			slow, quick := s.dial(t), s.dial(t)
			slow.want("PONG", "PING")
			if name == "paused" {
				quick.want("OK", "CLIENT", "PAUSE", "3000", "WRITE")
			}
			slow.send(wait...)
			begin := time.Now()
			for range 100 {
				quick.want(nil, "GET", "absent")
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("another client was held up for %v", took)
			}
			slow.wantNext("OK")
			slow.want("PONG", "PING")
		})
	}
}

func TestWhatMayWait(t *testing.T) {
	table := newCommandTable()
	for name, want := range map[string]bool{"get": false, "set": false, "ping": false, "keys": true, "exec": true, "subscribe": true} {
		if got := table[name].mayWait(); got != want {
			t.Errorf("%s may wait: %v", name, got)
		}
	}
}

// TestClientsMoveBetweenLoopsAndGoroutines has clients send what waits and what does not,
// in turn, and each find what it has written.
func TestClientsMoveBetweenLoopsAndGoroutines(t *testing.T) {
	s := newTestServer(t)
	var clients sync.WaitGroup
	for n := range 16 {
		c := s.dial(t)
		clients.Go(func() {
			key := fmt.Sprintf("key%d", n)
			for i := range 200 {
				value := fmt.Sprint(i)
				for _, exchange := range []struct {
					waits bool
					want  any
					args  []string
				}{
					{false, "OK", []string{"SET", key, value}},
					{true, "OK", []string{"MULTI"}},
					{true, "QUEUED", []string{"GET", key}},
					{true, []any{value}, []string{"EXEC"}},
					{false, value, []string{"GET", key}},
				} {
					if exchange.waits && i%20 != n {
						continue
					}
					if got := c.do(exchange.args...); !reflect.DeepEqual(got, exchange.want) {
						t.Errorf("%q: %#v, want %#v", exchange.args, got, exchange.want)
					}
				}
			}
		})
	}
	clients.Wait()
}

func TestPanicEndsItsClientAlone(t *testing.T) {
	s := newTestServer(t)
	broken := &Command{Name: "broken", Arity: 1, Flags: flagFast, run: func(*Request) error { panic("broken") }, figures: s.table["ping"].figures}
	s.clients.mu.Lock() // as who adds a client does
	s.table["broken"] = broken
	s.clients.mu.Unlock()
	unlucky, other := s.dial(t), s.dial(t)
	for _, c := range []*testConn{unlucky, other} {
		c.want("PONG", "PING")
	}
	unlucky.send("BROKEN")
	unlucky.wantClosed()
	other.want("PONG", "PING")
	waitUntil(t, func() bool { return s.clients.count() == 1 })
}
