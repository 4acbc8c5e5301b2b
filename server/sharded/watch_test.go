package sharded

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/mantisdb/mantisdb"
)

// TestPassedIsNotToldAgain: how far a shard has looked moves where a watch goes on, and no further back.
func TestPassedIsNotToldAgain(t *testing.T) {
	w := &watch{
		at:  &position{from: []uint64{5}},
		ctx: t.Context(), changes: make(chan change, 1), room: semaphore.NewWeighted(keptBytes),
	}
	s := &shardWatch{watch: w, from: shardPosition{from: 5}}
	looking, cancel := context.WithCancel(t.Context())
	cancel()
	for _, step := range []struct{ reached, want uint64 }{{5, 5}, {9, 9}, {7, 9}} {
		feed := &shardFeed{reached: func() (shardPosition, error) { return shardPosition{from: step.reached}, nil }}
		if err := s.pass(feed); err != nil {
			t.Fatal(err)
		}
		if c, err := w.Next(looking); !errors.Is(err, context.Canceled) {
			t.Errorf("told %+v, %v", c, err)
		}
		if s.from.from != step.want || w.at.from[0] != step.want {
			t.Errorf("at %d the shard goes on at %d and the watch at %d, want %d", step.reached, s.from.from, w.at.from[0], step.want)
		}
	}
	broken := &shardFeed{reached: func() (shardPosition, error) { return shardPosition{}, mantisdb.ErrClosed }}
	if err := s.pass(broken); !errors.Is(err, mantisdb.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
