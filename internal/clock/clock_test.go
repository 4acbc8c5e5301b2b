package clock

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestRatchet(t *testing.T) {
	var offset atomic.Int64
	for _, step := range []struct {
		what                  string
		wall, monotonic, want int64
	}{
		{"start", 1_000_000, 0, 1_000_000},
		{"both go on", 1_000_010, 10, 1_000_010},
		{"the wall clock is set back: time goes on at its pace", 900_000, 20, 1_000_020},
		{"still", 900_030, 50, 1_000_050},
		{"the wall clock is set forward: followed", 2_000_000, 60, 2_000_000},
		{"and back", 1_500_000, 65, 2_000_005},
	} {
		if got := ratchet(&offset, step.wall, step.monotonic); got != step.want {
			t.Fatalf("%s: got %d, want %d", step.what, got, step.want)
		}
	}
}

func TestNowIsTheWallClock(t *testing.T) {
	before := time.Now().UnixMilli()
	now := Now()
	if after := time.Now().UnixMilli(); now < before || now > after+1 {
		t.Fatalf("Now is %d, the wall clock was %d and then %d", now, before, after)
	}
}
