package work

import "math/bits"

// Permutation puts the numbers below n in a random order that takes no memory: a
// Feistel network of four rounds over the least even number of bits that holds
// n, walked until it comes back below n.
type Permutation struct {
	n    uint64
	half uint
	keys [4]uint64
}

// NewPermutation is the order of the numbers below n that seed chooses. n is at
// least 1.
func NewPermutation(n, seed uint64) Permutation {
	p := Permutation{n: n, half: max(1, uint(bits.Len64(n-1)+1)/2)}
	for i := range p.keys {
		p.keys[i] = mix(seed + uint64(i))
	}
	return p
}

// At is the number in place i, which is below n.
func (p *Permutation) At(i uint64) uint64 {
	for {
		if i = p.shuffle(i); i < p.n {
			return i
		}
	}
}

func (p *Permutation) shuffle(i uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := i>>p.half, i&mask
	for _, key := range p.keys {
		left, right = right, left^mix(right+key)&mask
	}
	return left<<p.half | right
}
