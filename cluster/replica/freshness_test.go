package replica_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mantisdb/mantisdb/cluster/replica"
)

// asked is a group that answers after some time, unless it is cut off.
type asked struct {
	replica.Group
	takes  time.Duration
	cutOff atomic.Bool
	count  atomic.Int64
}

// ReadIndex implements replica.Group.
func (g *asked) ReadIndex(ctx context.Context) error {
	g.count.Add(1)
	answer := time.After(g.takes)
	if g.cutOff.Load() {
		answer = nil
	}
	select {
	case <-answer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepFresh runs a test with the freshness of a replica of a group, by a clock of its own.
func keepFresh(t *testing.T, g *asked, test func(f *replica.Freshness)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f := replica.NewFreshness(g)
		go f.Keep(ctx)
		synctest.Wait()
		test(f)
	})
}

func TestFreshnessCountsFromTheQuestion(t *testing.T) {
	const takes = 300 * time.Millisecond
	keepFresh(t, &asked{takes: takes}, func(f *replica.Freshness) {
		if age, ok := f.Within(time.Hour); ok {
			t.Errorf("before any answer: an age of %v", age)
		}
		time.Sleep(takes)
		synctest.Wait()
		if age, ok := f.Within(takes); !ok || age != takes {
			t.Errorf("with the answer: an age of %v, %v", age, ok)
		}
		if age, ok := f.Within(takes - 1); ok {
			t.Errorf("an age of %v is within less", age)
		}
	})
}

// A replica that is cut off is the older the longer it is, and fresh again afterwards.
func TestACutOffReplicaGrowsOld(t *testing.T) {
	const bound = 5 * time.Second
	g := new(asked)
	keepFresh(t, g, func(f *replica.Freshness) {
		g.cutOff.Store(true)
		for range 10 {
			time.Sleep(bound / 10)
			if _, ok := f.Within(bound); !ok {
				t.Error("it is not fresh within the bound")
			}
		}
		for range 10 {
			time.Sleep(bound / 10)
			if age, ok := f.Within(bound); ok {
				t.Errorf("it is fresh, with an age of %v, and was cut off before", age)
			}
		}
		g.cutOff.Store(false)
		time.Sleep(bound)
		if _, ok := f.Within(bound); !ok {
			t.Error("it is not fresh again")
		}
	})
}

// Who reads with a short bound has the group be asked as often as that takes; else it is asked
// seldom.
func TestReadersKeepAReplicaFresh(t *testing.T) {
	const bound = 20 * time.Millisecond
	g := new(asked)
	keepFresh(t, g, func(f *replica.Freshness) {
		time.Sleep(10 * time.Second)
		if n := g.count.Load(); n > 11 {
			t.Errorf("%d questions in 10 s that nobody wanted", n)
		}
		f.Within(bound) // which may be too late for this one
		late := 0
		for range 100 {
			time.Sleep(bound / 4)
			if _, ok := f.Within(bound); !ok {
				late++
			}
		}
		if late > 0 {
			t.Errorf("%d of 100 reads found it older than %v", late, bound)
		}
	})
}

// The end of Keep is that of its context, also while the group does not answer.
func TestKeepEnds(t *testing.T) {
	g := new(asked)
	g.cutOff.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		replica.NewFreshness(g).Keep(ctx)
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("it goes on")
	}
}
