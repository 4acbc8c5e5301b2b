package work

import (
	"math"
	"testing"
)

// Ranks are drawn as often as Zipf's law says: the first two exactly, groups of the
// others as near as the generator's approximation is.
func TestZipfsShares(t *testing.T) {
	const n, draws = 1000, 1_000_000
	z, random := NewZipf(n, Theta), NewRandom(1, 0)
	var counts [n]int
	for range draws {
		counts[z.Rank(&random)]++
	}
	all := 0.0
	for rank := range n {
		all += math.Pow(float64(rank+1), -Theta)
	}
	for _, group := range []struct {
		from, to int
		near     float64 // how far it may be off, of its own share
	}{{0, 1, 0.01}, {1, 2, 0.01}, {2, 10, 0.1}, {10, 100, 0.05}, {100, 500, 0.05}, {500, n, 0.05}} {
		want, got := 0.0, 0
		for rank := group.from; rank < group.to; rank++ {
			want += math.Pow(float64(rank+1), -Theta) / all
			got += counts[rank]
		}
		if share := float64(got) / draws; math.Abs(share-want) > group.near*want {
			t.Errorf("ranks from %d below %d: a share of %.4f, want %.4f", group.from, group.to, share, want)
		}
	}
	if counts[n-1] == 0 {
		t.Error("the last rank was never drawn")
	}
}

// Popular draws what the order says, and all of it.
func TestPopularIsSpread(t *testing.T) {
	const n = 1000
	popular, random := NewPopular(n, 9), NewRandom(1, 0)
	counts := make([]int, n)
	for range 200_000 {
		counts[popular.Draw(&random)]++
	}
	first := popular.order.At(0)
	for id, count := range counts {
		if count == 0 || count > counts[first] {
			t.Errorf("%d was drawn %d times, the most popular %d times", id, count, counts[first])
		}
	}
	if other := NewPopular(n, 10); other.order.At(0) == first && other.order.At(1) == popular.order.At(1) {
		t.Error("another seed makes the same popular")
	}
}

func TestLatestIsOfTheLast(t *testing.T) {
	const n, count = 50, 80
	popular, random := NewPopular(n, 9), NewRandom(1, 0)
	newest := 0
	for range 10_000 {
		id := popular.Latest(&random, count)
		if id >= count || id < count-n {
			t.Fatalf("%d is not one of the last %d of %d", id, n, count)
		}
		if id == count-1 {
			newest++
		}
	}
	if newest < 2000 { // 1 of 4.55
		t.Errorf("the newest was drawn %d times of 10000", newest)
	}
}
