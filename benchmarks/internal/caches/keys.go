package caches

import (
	"encoding/binary"
	"math"
	"sort"
	"unsafe"

	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// Keys are distinct keys by number, in one block of memory, so that Go's collector sees
// one object, and no cache pays for making them.
type Keys struct{ all []byte }

// NewKeys makes so many keys.
func NewKeys(count uint32) *Keys {
	k := &Keys{make([]byte, int(count)*KeyLen)}
	for id := range count {
		putKey(k.all[int(id)*KeyLen:], id)
	}
	return k
}

func putKey(dst []byte, id uint32) {
	binary.BigEndian.PutUint64(dst, uint64(id))
	binary.BigEndian.PutUint64(dst[8:], uint64(id)*0x9E3779B97F4A7C15)
}

// Len is how many there are.
func (k *Keys) Len() int { return len(k.all) / KeyLen }

func (k *Keys) bytes(id uint32) []byte {
	at := int(id) * KeyLen
	return k.all[at : at+KeyLen : at+KeyLen]
}

// text is a key as a string, which is not copied: keys never change.
func (k *Keys) text(id uint32) string {
	return unsafe.String(&k.all[int(id)*KeyLen], KeyLen)
}

// write marks a draw, of a quarter of them, that may be a write.
const write = 1 << 31

// Draw draws count keys of a number by Zipf's law.
func Draw(keys uint32, count int, exponent float64, seed uint64) []uint32 {
	upto, sum := make([]float64, keys), 0.0
	for rank := range upto {
		sum += math.Pow(float64(rank+1), -exponent)
		upto[rank] = sum
	}
	// Keys that are drawn often are not neighbours.
	order, random := work.NewPermutation(uint64(keys), seed), work.NewRandom(seed, 0)
	draws := make([]uint32, count)
	for i := range draws {
		at := float64(random.Next()>>11) / (1 << 53) * sum
		rank := sort.SearchFloat64s(upto, at)
		draws[i] = uint32(order.At(uint64(min(rank, int(keys)-1))))
		if random.Below(4) == 0 {
			draws[i] |= write
		}
	}
	return draws
}
