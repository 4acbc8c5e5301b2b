package redis

import (
	"io"
	"strings"
	"testing"
	"time"
)

// megabyte is a value that fills the buffers of a connection many times over.
var megabyte = strings.Repeat("v", 1<<20)

// gorge has a client ask for more than its connection takes, and not read it.
func (s *testServer) gorge(t *testing.T) *testConn {
	t.Helper()
	c := s.dial(t)
	c.want("OK", "CLIENT", "SETNAME", "gorged")
	c.write(strings.Repeat(command("GET", "large"), 64))
	return c
}

// newEvictingServer has a value that is worth gorging, and lets clients take so many bytes.
func newEvictingServer(t *testing.T, bytes int64) *testServer {
	t.Helper()
	s := newTestServerWith(t, Config{Limits: Limits{ClientMemory: bytes}})
	s.dial(t).want("OK", "SET", "large", megabyte)
	return s
}

func (s *testServer) waitUntil(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !isSo(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so: %s; clients take %d bytes", what, s.memory.Used())
		}
	}
}

func TestTheLargestClientsAreDisconnected(t *testing.T) {
	s := newEvictingServer(t, 8<<20)
	modest := s.dial(t)
	modest.want("OK", "MULTI")
	modest.want("QUEUED", "SET", "small", megabyte[:200<<10])
	var gorged []*testConn
	for range 30 {
		gorged = append(gorged, s.gorge(t))
	}
	s.waitUntil(t, "clients were disconnected", func() bool { return s.evicted.Load() > 10 && s.memory.Excess() == 0 })
	if used := s.memory.Used(); used > 8<<20 {
		t.Errorf("clients take %d bytes", used)
	}
	modest.want([]any{"OK"}, "EXEC")
	info, ok := modest.do("INFO", "stats").(string)
	if !ok || strings.Contains(info, "evicted_clients:0") || !strings.Contains(info, "evicted_clients:") {
		t.Errorf("INFO does not tell of it: %q", info)
	}
	for _, c := range gorged {
		c.Close()
	}
	s.waitUntil(t, "who has gone takes nothing", func() bool { return s.memory.Used() < 2<<20 })
}

// A limit that is lowered holds for those who take more already, but not for one who has
// asked to be left alone.
func TestALowerLimitDisconnects(t *testing.T) {
	s := newEvictingServer(t, 0)
	kept := s.dial(t)
	kept.want("OK", "CLIENT", "NO-EVICT", "ON")
	kept.write(strings.Repeat(command("GET", "large"), 64))
	s.gorge(t)
	s.waitUntil(t, "both take memory", func() bool { return s.memory.Used() > 2<<20 })
	admin := s.dial(t)
	admin.want("OK", "CONFIG", "SET", "maxmemory-clients", "1mb")
	admin.want([]any{"maxmemory-clients", "1048576"}, "CONFIG", "GET", "maxmemory-clients")
	s.waitUntil(t, "one was disconnected", func() bool { return s.evicted.Load() >= 1 })
	list, ok := admin.do("CLIENT", "LIST").(string)
	if !ok || strings.Contains(list, "name=gorged") || !strings.Contains(list, "flags=e") {
		t.Errorf("the wrong one is left: %q", list)
	}
}

// What waits for a subscriber counts, and what a transaction has queued.
func TestQueuesCount(t *testing.T) {
	s := newEvictingServer(t, 4<<20)
	subscriber := s.dial(t)
	subscriber.send("SUBSCRIBE", "channel")
	subscriber.read()
	publisher := s.dial(t)
	for range 40 {
		publisher.do("PUBLISH", "channel", megabyte)
	}
	s.waitUntil(t, "the subscriber was disconnected", func() bool { return s.evicted.Load() == 1 })
	publisher.want("PONG", "PING")

	queueing := s.dial(t)
	queueing.want("OK", "MULTI")
	for range 10 {
		if _, err := io.WriteString(queueing, command("SET", "key", megabyte)); err != nil {
			break // it was disconnected
		}
	}
	s.waitUntil(t, "the one with a long transaction was disconnected", func() bool { return s.evicted.Load() == 2 })
	publisher.want("PONG", "PING")
}
