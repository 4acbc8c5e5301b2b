package consensus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestReadIndexWhileTheLeadMoves: what is asked while the lead moves is answered soon, or refused,
// though the library forgets it.
func TestReadIndexWhileTheLeadMoves(t *testing.T) {
	_, groups := three(t)
	await(t, "leader", func() error {
		for _, g := range groups {
			if g.Leader() == 0 {
				return errors.New("not all know a leader")
			}
		}
		return nil
	})
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
