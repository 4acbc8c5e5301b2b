package redis

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func message(words ...any) []any { return append([]any{}, words...) }

func TestSubscribe(t *testing.T) {
	s := newTestServer(t)
	c, p := s.dial(t), s.dial(t)
	c.want(message("subscribe", "a", int64(1)), "SUBSCRIBE", "a", "b", "a")
	c.wantNext(message("subscribe", "b", int64(2)))
	c.wantNext(message("subscribe", "a", int64(2)))
	c.want(message("psubscribe", "a*", int64(3)), "PSUBSCRIBE", "a*")
	p.want(int64(2), "PUBLISH", "a", "1")
	p.want(int64(1), "PUBLISH", "b", "2")
	p.want(int64(1), "PUBLISH", "abc", "3")
	p.want(int64(0), "PUBLISH", "c", "4")
	c.wantNext(message("message", "a", "1"))
	c.wantNext(message("pmessage", "a*", "a", "1"))
	c.wantNext(message("message", "b", "2"))
	c.wantNext(message("pmessage", "a*", "abc", "3"))
	c.want(message("pong", ""), "PING")
	c.want(message("pong", "x"), "PING", "x")
	c.want(replyError("ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"), "GET", "k")
	c.want(replyError("ERR Can't execute 'pubsub|numpat': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"), "PUBSUB", "NUMPAT")
	c.want(message("unsubscribe", "a", int64(2)), "UNSUBSCRIBE", "a", "x")
	c.wantNext(message("unsubscribe", "x", int64(2)))
	c.want(message("unsubscribe", "b", int64(1)), "UNSUBSCRIBE")
	c.want(message("unsubscribe", nil, int64(1)), "UNSUBSCRIBE")
	c.want(message("punsubscribe", "a*", int64(0)), "PUNSUBSCRIBE")
	c.want(message("punsubscribe", nil, int64(0)), "PUNSUBSCRIBE")
	c.want("PONG", "PING")
	p.want(int64(0), "PUBLISH", "a", "5")
	if s.hub.listened.Load() {
		t.Error("somebody still listens")
	}
}

func TestPubSubCommands(t *testing.T) {
	s := newTestServer(t)
	c, p := s.dial(t), s.dial(t)
	p.want(message("a", int64(0), "b", int64(0)), "PUBSUB", "NUMSUB", "a", "b")
	c.do("SUBSCRIBE", "b")
	c.do("SUBSCRIBE", "a")
	c.do("PSUBSCRIBE", "a*")
	p.want(message("a", "b"), "PUBSUB", "CHANNELS")
	p.want(message("b"), "PUBSUB", "channels", "[b-z]*")
	p.want(message("a", int64(1), "x", int64(0)), "PUBSUB", "NUMSUB", "a", "x")
	p.want(message(), "PUBSUB", "NUMSUB")
	p.want(int64(1), "PUBSUB", "NUMPAT")
	p.want(replyError("ERR wrong number of arguments for 'pubsub|numpat' command"), "PUBSUB", "NUMPAT", "x")
	p.want(replyError("ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."), "PUBSUB", "CHANNELS", "x", "y")
	p.want(replyError("ERR unknown subcommand 'x'. Try PUBSUB HELP."), "PUBSUB", "x")
	if help, ok := p.do("PUBSUB", "HELP").([]any); !ok || len(help) < 5 {
		t.Errorf("PUBSUB HELP: %v", help)
	}
	c.Close()
	waitUntil(t, func() bool { return s.hub.patternCount() == 0 && len(s.hub.activeChannels("*")) == 0 })
}

func waitUntil(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited for too long")
		}
	}
}

// TestPubSubVersion3: a subscriber may do all that others do, and messages come between
// the replies.
func TestPubSubVersion3(t *testing.T) {
	s := newTestServer(t)
	c, p := s.dial(t), s.dial(t)
	c.do("HELLO", "3")
	c.want(push{"subscribe", "a", int64(1)}, "SUBSCRIBE", "a")
	c.want("OK", "SET", "k", "v")
	c.want("v", "GET", "k")
	c.want("PONG", "PING")
	p.want(int64(1), "PUBLISH", "a", "1")
	c.wantNext(push{"message", "a", "1"})
	c.want(push{"message", "a", "own"}, "PUBLISH", "a", "own")
	c.wantNext(int64(1))
	c.want(push{"psubscribe", "a", int64(2)}, "PSUBSCRIBE", "a")
	c.want(push{"unsubscribe", "a", int64(1)}, "UNSUBSCRIBE", "a")
	c.want(push{"unsubscribe", nil, int64(1)}, "UNSUBSCRIBE")
	if _, ok := c.do("HELLO", "2").([]any); !ok {
		t.Fatal("HELLO 2")
	}
	p.want(int64(1), "PUBLISH", "a", "2")
	c.wantNext(message("pmessage", "a", "a", "2"))
}

// TestSubscribeOrder: whatever is published while a client subscribes, it is told of the
// subscription first, and of its end last.
func TestSubscribeOrder(t *testing.T) {
	s := newTestServer(t)
	done := make(chan struct{})
	var publishing sync.WaitGroup
	for range 2 {
		p := s.dial(t)
		publishing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				p.do("PUBLISH", "c", fmt.Sprint(n))
			}
		})
	}
	defer publishing.Wait()
	defer close(done)
	c := s.dial(t)
	rounds := command("ECHO", "begin") + command("SUBSCRIBE", "c") + command("PING", "between") +
		command("UNSUBSCRIBE", "c") + command("ECHO", "end") +
		command("MULTI") + command("SUBSCRIBE", "c") + command("EXEC") + command("UNSUBSCRIBE", "c")
	for range 300 {
		c.write(rounds)
		c.wantNext("begin")
		c.wantNext(message("subscribe", "c", int64(1)))
		for reply := c.read().([]any); reply[0] != "pong"; reply = c.read().([]any) {
			if reply[0] != "message" {
				t.Fatalf("%v", reply)
			}
		}
		for reply := c.read().([]any); reply[0] != "unsubscribe"; reply = c.read().([]any) {
			if reply[0] != "message" {
				t.Fatalf("%v", reply)
			}
		}
		c.wantNext("end")
		c.wantNext("OK")
		c.wantNext("QUEUED")
		c.wantNext(message(message("subscribe", "c", int64(1))))
		for reply := c.read().([]any); reply[0] != "unsubscribe"; reply = c.read().([]any) {
			if reply[0] != "message" {
				t.Fatalf("%v", reply)
			}
		}
	}
}

// TestMessageOrder: a subscriber gets every message of a publisher, in its order.
func TestMessageOrder(t *testing.T) {
	s := newTestServer(t)
	const subscribers, messages = 5, 2000
	var reading sync.WaitGroup
	for range subscribers {
		c := s.dial(t)
		c.do("SUBSCRIBE", "c")
		reading.Go(func() {
			for n := range messages {
				c.wantNext(message("message", "c", fmt.Sprint(n)))
			}
		})
	}
	p := s.dial(t)
	for n := range messages {
		p.send("PUBLISH", "c", fmt.Sprint(n))
	}
	for range messages {
		p.wantNext(int64(subscribers))
	}
	reading.Wait()
}

// TestSlowSubscriber: one that does not read is cut off, and nobody else notices.
func TestSlowSubscriber(t *testing.T) {
	s := newTestServerWith(t, Config{Limits: Limits{OutputBuffer: 1 << 20}})
	slow, quick, p := s.dial(t), s.dial(t), s.dial(t)
	slow.do("SUBSCRIBE", "c")
	quick.do("SUBSCRIBE", "c")
	long := strings.Repeat("x", 64<<10)
	slowest := time.Duration(0)
	cut := false
	for n := 0; n < 2000 && !cut; n++ {
		begin := time.Now()
		receivers := p.do("PUBLISH", "c", long)
		slowest = max(slowest, time.Since(begin))
		quick.wantNext(message("message", "c", long))
		cut = receivers == int64(1)
	}
	if !cut {
		t.Error("the slow subscriber is not cut off")
	}
	if slowest > 2*time.Second {
		t.Errorf("a publisher waited for %v", slowest)
	}
	waitUntil(t, func() bool { return s.clients.count() == 2 })
}

// TestEndedListenersGetNothing: one that was ended is none of those who are told, even before
// its goroutine has found its connection closed.
func TestEndedListenersGetNothing(t *testing.T) {
	var h hub
	ended := &Client{}
	ended.killed.Store(true)
	h.subscribe(&h.channels, "news", ended)
	h.subscribe(&h.patterns, "n*", ended)
	if n := h.publish(nil, "news", []byte("m")); n != 0 {
		t.Errorf("%d were told", n)
	}
}
