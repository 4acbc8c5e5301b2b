package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// awaitLeader waits until all know who leads.
func awaitLeader(t *testing.T, groups []*Group) {
	t.Helper()
	await(t, "leader", func() error {
		for _, g := range groups {
			if g.Leader() == 0 {
				return errors.New("not all know a leader")
			}
		}
		return nil
	})
}

// TestReadIndexOfASlowGroup: a group that takes longer to answer than it is given until it is asked
// anew is heard, however much longer.
func TestReadIndexOfASlowGroup(t *testing.T) {
	defer func(before time.Duration) { askAgain = before }(askAgain)
	askAgain = time.Nanosecond
	_, groups := three(t)
	awaitLeader(t, groups)
	for i, g := range groups {
		// On a busy machine a leader may be taken for gone: then what was asked is refused.
		await(t, fmt.Sprintf("answer to replica %d", i+1), func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			return g.ReadIndex(ctx)
		})
	}
}

// TestReadIndexWhileTheLeadMoves: what is asked while the lead moves is answered soon, or refused,
// though the library forgets it.
func TestReadIndexWhileTheLeadMoves(t *testing.T) {
	_, groups := three(t)
	awaitLeader(t, groups)
	moving, stop := context.WithCancel(t.Context())
	var longest atomic.Int64
	var answers [3]int
	var asking sync.WaitGroup
	for i, g := range groups {
		asking.Go(func() {
			for moving.Err() == nil {
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				began := time.Now()
				if err := g.ReadIndex(ctx); err == nil {
					answers[i]++
				}
				took := int64(time.Since(began))
				for most := longest.Load(); took > most && !longest.CompareAndSwap(most, took); most = longest.Load() {
				}
				cancel()
			}
		})
	}
	for n := range 30 {
		if err := groups[n%3].Transfer(uint64(n%3) + 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	asking.Wait()
	for i, n := range answers {
		if n == 0 {
			t.Errorf("replica %d was never answered", i+1)
		}
	}
	if took := time.Duration(longest.Load()); took > 2*time.Second {
		t.Errorf("an answer took %v", took)
	}
}
