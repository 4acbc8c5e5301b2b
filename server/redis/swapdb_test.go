package redis

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
)

func TestSwapDatabases(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		want("OK", "SET", "k", "zero")
		want("OK", "SWAPDB", "0", "9")
		want(nil, "GET", "k")
		want("OK", "SET", "k", "nine")
		want("OK", "SWAPDB", "9", "9")
		c.want("OK", "SELECT", "9")
		want("zero", "GET", "k")
		want("OK", "SWAPDB", "9", "0")
		want("nine", "GET", "k")
		for _, a := range []struct{ a, b, want string }{
			{"x", "0", "ERR invalid first DB index"}, {"0", "x", "ERR invalid second DB index"},
			{"0", "2147483648", "ERR invalid second DB index"}, {"0", "16", string(errDBIndex)}, {"-1", "0", string(errDBIndex)},
		} {
			want(replyError(a.want), "SWAPDB", a.a, a.b)
		}
	})
}

// The commands of EXEC see what SWAPDB did before them, and others only all of it.
func TestSwapInExec(t *testing.T) {
	s := newTestServer(t)
	c, other := s.dial(t), s.dial(t)
	c.want("OK", "SET", "k", "zero")
	for _, args := range [][]string{
		{"MULTI"}, {"SWAPDB", "0", "3"}, {"GET", "k"}, {"SET", "k", "three"}, {"SWAPDB", "3", "4"},
		{"SELECT", "4"}, {"GET", "k"}, {"SELECT", "0"}, {"MOVE", "k", "3"}, {"DBSIZE"},
	} {
		c.do(args...)
	}
	c.want([]any{"OK", nil, "OK", "OK", "OK", "zero", "OK", int64(1), int64(0)}, "EXEC")
	for number, want := range map[string]any{"0": nil, "3": "three", "4": "zero"} {
		other.want("OK", "SELECT", number)
		other.want(want, "GET", "k")
	}
}

// A transaction that is not committed swaps nothing.
func TestSwapThatIsDropped(t *testing.T) {
	s := newTestServer(t)
	c, other := s.dial(t), s.dial(t)
	c.want("OK", "SET", "k", "zero")
	c.want("OK", "WATCH", "k")
	other.want("OK", "SET", "k", "0")
	c.want("OK", "MULTI")
	c.want("QUEUED", "SWAPDB", "0", "3")
	c.want(nil, "EXEC")
	c.want("0", "GET", "k")
}

func TestSwapIsSeenByThoseWhoWatch(t *testing.T) {
	s := newTestServer(t)
	c, other := s.dial(t), s.dial(t)
	c.want("OK", "SET", "k", "zero")
	c.want("OK", "WATCH", "k")
	other.want("OK", "SWAPDB", "0", "3")
	c.want("OK", "MULTI")
	c.want("QUEUED", "PING")
	c.want(nil, "EXEC")
}

func TestSwapOutlastsTheServer(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "SET", "k", "zero")
	c.want("OK", "SWAPDB", "0", "3")
	c.want("OK", "SWAPDB", "3", "7")
	again, err := New(Config{Database: s.db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if value, err := again.whole.at(7).Get([]byte("k")); err != nil || string(value) != "zero" {
		t.Errorf("%q, %v", value, err)
	}
	if again.whole.at(0) == nil {
		t.Error("number 0 is not open")
	}
}

// However many swap at once, the databases are never mixed up, and what is in memory is
// what is stored.
func TestSwapsAtOnce(t *testing.T) {
	s := newTestServer(t)
	var swapping sync.WaitGroup
	for w := range 4 {
		c := s.dial(t)
		swapping.Go(func() {
			for i := range 50 {
				c.do("SWAPDB", fmt.Sprint((i+w)%4), fmt.Sprint((i*w+1)%4))
				c.do("MULTI")
				c.do("SWAPDB", fmt.Sprint(w), fmt.Sprint(i%4))
				c.do("SWAPDB", fmt.Sprint(i%4), fmt.Sprint((w+1)%4))
				c.do("EXEC")
			}
		})
	}
	swapping.Wait()
	order := *s.whole.order.Load()
	if !isPermutation(order[:]) {
		t.Fatal(order)
	}
	if err := s.whole.refresh(); err != nil || *s.whole.order.Load() != order {
		t.Errorf("%v in memory, %v stored, %v", order, *s.whole.order.Load(), err)
	}
}
