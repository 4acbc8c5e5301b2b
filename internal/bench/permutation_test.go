package bench

import (
	"math/rand/v2"
	"testing"
)

func TestPermutationIsABijectionWithItsInverse(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 4, 5, 7, 8, 9, 100, 255, 256, 257, 25_000, 65_536, 100_003} {
		for seed := range uint64(3) {
			p := newPermutation(n, rand.NewPCG(seed, n))
			seen := make([]bool, n)
			for i := range n {
				x := p.at(i)
				if x >= n || seen[x] {
					t.Fatalf("n %d, seed %d: at(%d) = %d is out of range or came before", n, seed, i, x)
				}
				seen[x] = true
				if back := p.position(x); back != i {
					t.Fatalf("n %d, seed %d: position(at(%d)) = %d", n, seed, i, back)
				}
			}
		}
	}
}

// A random order has few neighbours that follow each other, and about half of
// its steps go up.
func TestPermutationIsNoPattern(t *testing.T) {
	const n = 100_000
	for seed := range uint64(5) {
		p := newPermutation(n, rand.NewPCG(seed, 0))
		steps := map[uint64]int{}
		up := 0
		for i := uint64(1); i < n; i++ {
			last, next := p.at(i-1), p.at(i)
			steps[next-last]++
			if next > last {
				up++
			}
		}
		for step, count := range steps {
			if count > n/100 {
				t.Errorf("seed %d: %d of %d steps are %d", seed, count, n, int64(step))
			}
		}
		if up < n*45/100 || up > n*55/100 {
			t.Errorf("seed %d: %d of %d steps go up", seed, up, n)
		}
	}
}
