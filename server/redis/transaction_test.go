package redis

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMulti(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want(replyError("ERR EXEC without MULTI"), "EXEC")
	c.want(replyError("ERR DISCARD without MULTI"), "DISCARD")
	c.want("OK", "MULTI")
	c.want(message(), "EXEC")
	c.want("OK", "MULTI")
	c.want(replyError("ERR MULTI calls can not be nested"), "MULTI")
	c.want(replyError("ERR WATCH inside MULTI is not allowed"), "WATCH", "k")
	c.want("QUEUED", "SET", "k", "1")
	c.want("QUEUED", "INCR", "k")
	c.want("QUEUED", "SET", "k", "x", "wrong")
	c.want("QUEUED", "SET", "s", "x")
	c.want("QUEUED", "INCR", "s")
	c.want("QUEUED", "GET", "k")
	c.want("QUEUED", "PING")
	c.want("QUEUED", "UNWATCH")
	c.want(message("OK", int64(2), replyError(errSyntax), "OK", replyError(errNotInteger), "2", "PONG", "OK"), "EXEC")
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", "3")
	c.want("OK", "DISCARD")
	c.want("2", "GET", "k")
}

// TestMultiRefused: a command that cannot be queued loses the transaction.
func TestMultiRefused(t *testing.T) {
	c := newTestServer(t).dial(t)
	for _, wrong := range [][]string{{"foo"}, {"GET"}, {"PUBSUB", "foo"}} {
		c.want("OK", "MULTI")
		c.want("QUEUED", "SET", "k", "1")
		if _, refused := c.do(wrong...).(replyError); !refused {
			t.Fatalf("%v is queued", wrong)
		}
		c.want("QUEUED", "SET", "k", "1")
		c.want(replyError(errExecAbort), "EXEC")
		c.want(nil, "GET", "k")
	}
	c.want("OK", "MULTI")
	c.want(replyError("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"), "EXEC", "x")
	c.want(replyError("ERR EXEC without MULTI"), "EXEC")
}

func TestMultiBound(t *testing.T) {
	c := newTestServerWith(t, Config{Limits: Limits{MaxTransaction: 10_000}}).dial(t)
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", strings.Repeat("x", 5000))
	c.want(replyError("ERR the transaction takes more than 10000 bytes"), "SET", "k", strings.Repeat("x", 5000))
	c.want("QUEUED", "SET", "k", "1")
	c.want(replyError(errExecAbort), "EXEC")
	c.want(nil, "GET", "k")
	c.want(replyError("ERR the watched keys take more than 10000 bytes"), "WATCH", strings.Repeat("a", 5000), strings.Repeat("b", 5000))
	c.want("OK", "UNWATCH")
	c.want("OK", "WATCH", strings.Repeat("b", 5000))
}

func TestWatch(t *testing.T) {
	s := newTestServer(t)
	c, other := s.dial(t), s.dial(t)
	for _, test := range []struct {
		name   string
		before [][]string // by the one who watches
		by     *testConn
		change [][]string
		fails  bool
	}{
		{"nothing", nil, other, nil, false},
		{"another key", nil, other, [][]string{{"SET", "y", "1"}}, false},
		{"a change", nil, other, [][]string{{"SET", "x", "1"}}, true},
		{"the same value", nil, other, [][]string{{"SET", "x", "0"}}, true},
		{"its own", nil, c, [][]string{{"SET", "x", "1"}}, true},
		{"a deletion", nil, other, [][]string{{"DEL", "x"}}, true},
		{"a deletion of nothing", [][]string{{"DEL", "x"}}, other, [][]string{{"DEL", "x"}}, false},
		{"a new key", [][]string{{"DEL", "x"}}, other, [][]string{{"SET", "x", "1"}}, true},
		{"a change and back", nil, other, [][]string{{"DEL", "x"}, {"SET", "x", "0"}}, true},
		{"a flush", nil, other, [][]string{{"FLUSHALL"}}, true},
		{"a flush of nothing", [][]string{{"DEL", "x"}}, other, [][]string{{"FLUSHALL"}}, false},
		{"another database", nil, other, [][]string{{"SELECT", "1"}, {"SET", "x", "1"}, {"SELECT", "0"}}, false},
		{"unwatch", nil, c, [][]string{{"SET", "x", "1"}, {"UNWATCH"}}, false},
		{"discard", nil, c, [][]string{{"SET", "x", "1"}, {"MULTI"}, {"DISCARD"}}, false},
		{"another exec", nil, c, [][]string{{"MULTI"}, {"EXEC"}, {"SET", "x", "1"}}, false},
		{"reset", nil, c, [][]string{{"SET", "x", "1"}, {"RESET"}}, false},
		{"watching again", nil, c, [][]string{{"SET", "x", "1"}, {"WATCH", "x"}}, true},
		{"another database selected", nil, c, [][]string{{"SELECT", "1"}, {"SET", "x", "1"}}, false},
	} {
		c.want("OK", "SELECT", "0")
		c.want("OK", "SET", "x", "0")
		for _, args := range test.before {
			c.do(args...)
		}
		c.want("OK", "WATCH", "w", "x", "x")
		for _, args := range test.change {
			test.by.do(args...)
		}
		c.want("OK", "MULTI")
		c.want("QUEUED", "PING")
		if got := c.do("EXEC"); (got == nil) != test.fails {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestWatchExpiry(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "SET", "x", "1", "PX", "30")
	c.want("OK", "WATCH", "x")
	time.Sleep(50 * time.Millisecond)
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "x", "2")
	c.want(nil, "EXEC")
	// What had expired before is absent.
	c.want("OK", "WATCH", "x")
	c.want("OK", "MULTI")
	c.want("QUEUED", "INCR", "x")
	c.want(message(int64(1)), "EXEC")
}

func TestSelectInMulti(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", "0")
	c.want("QUEUED", "SELECT", "4")
	c.want("QUEUED", "SET", "k", "4")
	c.want("QUEUED", "SELECT", "16")
	c.want("QUEUED", "GET", "k")
	c.want(message("OK", "OK", "OK", replyError(errDBIndex), "4"), "EXEC")
	c.want("4", "GET", "k")
	// A transaction that fails leaves the database as it was.
	c.want("OK", "WATCH", "k")
	c.want("OK", "SET", "k", "5")
	c.want("OK", "MULTI")
	c.want("QUEUED", "SELECT", "0")
	c.want(nil, "EXEC")
	c.want("5", "GET", "k")
}

// TestPubSubInMulti: what cannot be taken back is done once, after the commit, with its
// reply in its place.
func TestPubSubInMulti(t *testing.T) {
	s := newTestServer(t)
	c, listener := s.dial(t), s.dial(t)
	listener.do("SUBSCRIBE", "news")
	c.want("OK", "WATCH", "k")
	c.want("OK", "SET", "k", "0")
	c.want("OK", "MULTI")
	c.want("QUEUED", "PUBLISH", "news", "never")
	c.want(nil, "EXEC")
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", "1")
	c.want("QUEUED", "PUBLISH", "news", "k is 1")
	c.want("QUEUED", "INCR", "k")
	c.want("QUEUED", "PUBSUB", "NUMSUB", "news")
	c.want("QUEUED", "SUBSCRIBE", "a")
	c.want("QUEUED", "GET", "k")
	c.want(message("OK", int64(1), int64(2), message("news", int64(1)), message("subscribe", "a", int64(1)), "2"), "EXEC")
	listener.wantNext(message("message", "news", "k is 1"))
	if s.dial(t).do("PUBLISH", "a", "m") != int64(1) {
		t.Error("the client is no subscriber")
	}
	c.wantNext(message("message", "a", "m"))
}

func TestHelloInMulti(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "MULTI")
	c.want("QUEUED", "GET", "absent")
	c.want("QUEUED", "HELLO", "3")
	c.want("QUEUED", "GET", "absent")
	c.want("QUEUED", "PING")
	c.write(command("EXEC"))
	replies := c.read().([]any)
	if _, isMap := replies[1].(map[string]any); !isMap || replies[0] != nil || replies[2] != nil || replies[3] != "PONG" {
		t.Errorf("%v", replies)
	}
}

// TestExecAgain: a transaction that others come between runs anew, with replies and
// events that tell of the last time only.
func TestExecAgain(t *testing.T) {
	s := newTestServer(t)
	s.notify(t, "E$")
	const clients, rounds = 4, 200
	listener := s.dial(t)
	listener.do("SUBSCRIBE", "__keyevent@0__:incrby", "__keyevent@1__:incrby", "told")
	listener.read()
	listener.read()
	var working sync.WaitGroup
	for range clients {
		c := s.dial(t)
		working.Go(func() {
			for range rounds {
				c.want("OK", "MULTI")
				c.want("QUEUED", "INCR", "n")
				c.want("QUEUED", "SELECT", "1")
				c.want("QUEUED", "PUBLISH", "told", "x")
				c.want("QUEUED", "INCR", "n")
				c.want("QUEUED", "SELECT", "0")
				replies := c.do("EXEC").([]any)
				if len(replies) != 5 || replies[0] != replies[3] || replies[2] != int64(1) {
					t.Errorf("EXEC: %v", replies)
				}
			}
		})
	}
	counts := map[string]int{}
	for range 3 * clients * rounds {
		m := listener.read().([]any)
		counts[m[1].(string)]++
	}
	working.Wait()
	for channel, n := range counts {
		if n != clients*rounds {
			t.Errorf("%d messages of %s, want %d", n, channel, clients*rounds)
		}
	}
	if reply, err := listener.tryRead(20 * time.Millisecond); err == nil {
		t.Errorf("one message more: %v", reply)
	}
	c := s.dial(t)
	c.want(strconv.Itoa(clients*rounds), "GET", "n")
}

// TestCounterByWatch: no increment is lost.
func TestCounterByWatch(t *testing.T) {
	s := newTestServer(t)
	const clients, rounds = 4, 150
	s.dial(t).want("OK", "SET", "n", "0")
	var working sync.WaitGroup
	for range clients {
		c := s.dial(t)
		working.Go(func() {
			for done := 0; done < rounds; {
				c.want("OK", "WATCH", "n")
				n, _ := strconv.Atoi(c.do("GET", "n").(string))
				c.want("OK", "MULTI")
				c.want("QUEUED", "SET", "n", strconv.Itoa(n+1))
				if c.do("EXEC") != nil {
					done++
				}
			}
		})
	}
	working.Wait()
	s.dial(t).want(strconv.Itoa(clients*rounds), "GET", "n")
}

// TestBankTransfer: whoever reads all accounts in a transaction finds all of the money.
func TestBankTransfer(t *testing.T) {
	s := newTestServer(t)
	const accounts, clients, rounds, each = 8, 4, 150, 1000
	c := s.dial(t)
	for i := range accounts {
		c.want("OK", "SET", fmt.Sprint("account", i), strconv.Itoa(each))
	}
	sum := func(c *testConn) int {
		c.send("MULTI")
		for i := range accounts {
			c.send("GET", fmt.Sprint("account", i))
		}
		c.send("EXEC")
		for range accounts + 1 {
			c.read()
		}
		all := 0
		for _, balance := range c.read().([]any) {
			n, _ := strconv.Atoi(balance.(string))
			all += n
		}
		return all
	}
	done := make(chan struct{})
	var reading, working sync.WaitGroup
	reading.Go(func() {
		c := s.dial(t)
		for {
			if all := sum(c); all != accounts*each {
				t.Errorf("there are %d", all)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for id := range clients {
		c := s.dial(t)
		working.Go(func() {
			for n := 0; n < rounds; {
				from, to := fmt.Sprint("account", (id+n)%accounts), fmt.Sprint("account", (id+3*n+1)%accounts)
				if from == to {
					n++
					continue
				}
				c.want("OK", "WATCH", from, to)
				has, _ := strconv.Atoi(c.do("GET", from).(string))
				gets, _ := strconv.Atoi(c.do("GET", to).(string))
				c.want("OK", "MULTI")
				c.want("QUEUED", "SET", from, strconv.Itoa(has-n))
				c.want("QUEUED", "SET", to, strconv.Itoa(gets+n))
				if c.do("EXEC") != nil {
					n++
				}
			}
		})
	}
	working.Wait()
	close(done)
	reading.Wait()
	if all := sum(c); all != accounts*each {
		t.Errorf("there are %d in the end", all)
	}
}
