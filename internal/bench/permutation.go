package bench

import (
	"math/bits"
	"math/rand/v2"
)

// permutation is a random order of the numbers below n. It takes no memory, and
// tells both which number is at a position and at which position a number is.
//
// It scrambles numbers of just as many bits as n-1 has by invertible steps
// (multiplication by an odd number, addition, xor with the upper half), and
// walks on from results that are not below n until one is: as the steps are a
// bijection of a set that holds all numbers below n, so is the walk on those.
type permutation struct {
	n       uint64
	mask    uint64
	shift   uint // at least half the bits: the xor is its own inverse
	factor  [3]uint64
	inverse [3]uint64 // of the factors, modulo 2^64
	summand [3]uint64
}

// newPermutation takes a random permutation of the numbers below n, n > 0.
func newPermutation(n uint64, random rand.Source) permutation {
	width := uint(bits.Len64(n - 1))
	p := permutation{n: n, mask: 1<<width - 1, shift: (width + 1) / 2}
	for i := range p.factor {
		p.factor[i] = random.Uint64() | 1
		p.inverse[i] = inverseOdd(p.factor[i])
		p.summand[i] = random.Uint64()
	}
	return p
}

// inverseOdd is the inverse of an odd number modulo 2^64, by Newton's method:
// the number is its own inverse in three bits, and each step doubles the bits.
func inverseOdd(a uint64) uint64 {
	x := a
	for range 5 {
		x *= 2 - a*x
	}
	return x
}

// at is the number at a position; both are below n.
func (p *permutation) at(position uint64) uint64 {
	x := p.scramble(position)
	for x >= p.n {
		x = p.scramble(x)
	}
	return x
}

// position is where a number is: the inverse of at.
func (p *permutation) position(number uint64) uint64 {
	x := p.unscramble(number)
	for x >= p.n {
		x = p.unscramble(x)
	}
	return x
}

func (p *permutation) scramble(x uint64) uint64 {
	for i := range p.factor {
		x = (x*p.factor[i] + p.summand[i]) & p.mask
		x ^= x >> p.shift
	}
	return x
}

func (p *permutation) unscramble(x uint64) uint64 {
	for i := len(p.factor) - 1; i >= 0; i-- {
		x ^= x >> p.shift
		x = (x - p.summand[i]) * p.inverse[i] & p.mask
	}
	return x
}
