package work

import "math"

// Theta is the exponent of YCSB's choices.
const Theta = 0.99

// Zipf draws ranks by Zipf's law: rank r, counted from 0, with a weight of
// 1/(r+1)^theta. It is YCSB's generator (Gray et al., "Quickly generating
// billion-record synthetic databases", 1994): exact for the first two ranks, a
// continuous approximation for the others, and it takes no memory.
//
// The halves compute with the powers of their own libraries, which may differ in
// the last bit: a rank at an edge between two can then be one more or less.
type Zipf struct {
	n     float64
	zeta  float64 // the sum of all weights
	two   float64 // that of the first two ranks
	alpha float64
	eta   float64
}

// NewZipf draws from n ranks, at least 1, with a theta between 0 and 1. It sums up
// n powers.
func NewZipf(n uint64, theta float64) *Zipf {
	z := &Zipf{n: float64(n), two: 1 + math.Pow(0.5, theta), alpha: 1 / (1 - theta)}
	for rank := range n {
		z.zeta += math.Pow(float64(rank+1), -theta)
	}
	z.eta = (1 - math.Pow(2/z.n, 1-theta)) / (1 - z.two/z.zeta)
	return z
}

// Rank is the next rank, below n.
func (z *Zipf) Rank(random *Random) uint64 {
	unit := random.Unit()
	switch at := unit * z.zeta; {
	case at < 1:
		return 0
	case at < z.two:
		return 1
	}
	// The power of alpha, as math.Pow has it, which takes three times as long.
	rank := z.n * math.Exp(z.alpha*math.Log(z.eta*unit-z.eta+1))
	return uint64(min(rank, z.n-1))
}

// Popular draws numbers below n by Zipf's law; which are drawn often is random, so
// that they are not neighbours.
type Popular struct {
	ranks *Zipf
	order Permutation
}

// NewPopular draws from the numbers below n; seed chooses which are popular.
func NewPopular(n, seed uint64) *Popular {
	return &Popular{ranks: NewZipf(n, Theta), order: NewPermutation(n, seed)}
}

// Draw is the next number.
func (p *Popular) Draw(random *Random) uint64 { return p.order.At(p.ranks.Rank(random)) }

// Latest draws, of the count numbers from 0 on, which are at least n, one of the
// last n: the last most often, by Zipf's law over how many come after it.
func (p *Popular) Latest(random *Random, count uint64) uint64 {
	return count - 1 - p.ranks.Rank(random)
}
