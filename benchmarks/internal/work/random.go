// Package work makes the keys, values and choices that every store is given. The
// Rust half makes the same, bit by bit: testdata/vectors.json holds both to it.
package work

import "math/bits"

// golden is the step of the SplitMix64 generator.
const golden = 0x9E3779B97F4A7C15

// mix is SplitMix64's output for the state x: every bit of x changes about half
// of the result's.
func mix(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// Random is a SplitMix64 generator: eight bytes of state, so that what draws
// keys does not compete with the store for the cache.
type Random struct {
	state uint64
}

// NewRandom is the generator of one client of a workload: the same for the same
// seed and client, another for another.
func NewRandom(seed, client uint64) Random {
	return Random{state: mix(seed ^ mix(client))}
}

// Next is the next number, each of 64 bits as likely.
func (r *Random) Next() uint64 {
	n := mix(r.state)
	r.state += golden
	return n
}

// Below is a number below n, each as likely but for one part in 2^64/n.
func (r *Random) Below(n uint64) uint64 {
	high, _ := bits.Mul64(r.Next(), n)
	return high
}

// Unit is a number from 0 to less than 1, a multiple of 2^-53.
func (r *Random) Unit() float64 { return float64(r.Next()>>11) / (1 << 53) }
