package metamorphic

import (
	"math/rand/v2"

	"github.com/mantisdb/mantisdb"
)

// generator makes up scripts.
type generator struct {
	rng     *rand.Rand
	engines []string
	keys    []Blob // that are in play, the hot ones first
	sorted  []Blob // the same in order
	longest int    // value, in bytes, of most
	weights []int  // of kinds
	total   int    // of weights
	names   []Blob // of keyspaces that are in play
	focus   *Blob  // the keyspace in which a burst is, nil for any
}

// Generate makes up a script of about so many operations for engines. The same seed
// gives the same script.
func Generate(seed uint64, operations int, onDisk bool, engines []string) *Script {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0)), engines: engines}
	g.longest = pick(g.rng, 16, 200, 200, 20_000)
	g.makeKeys(pick(g.rng, 6, 40, 300, 1000))
	g.weigh()
	s := &Script{Engines: engines, OnDisk: onDisk}
	if onDisk {
		s.Options = g.diskOptions()
		if s.Options.Durability == mantisdb.DurabilitySync {
			operations /= 10 // each write waits for the disk
		}
	}
	s.Ops = g.makeNames()
	bursts := pick(g.rng, 10, 50, operations+1)
	for len(s.Ops) < operations {
		if g.oneIn(bursts) {
			s.Ops = append(s.Ops, g.burst()...)
		} else {
			s.Ops = append(s.Ops, g.op())
		}
	}
	return s
}

// weigh makes some kinds rarer than others, or leaves them out: what goes wrong only
// without one of them, or only if one comes often, is found so as well.
func (g *generator) weigh() {
	for _, k := range kinds {
		weight := k.weight * 4 * pick(g.rng, 0, 1, 1, 1, 4) / 4
		g.weights = append(g.weights, weight)
		g.total += weight
	}
	if g.total == 0 {
		g.weights[0], g.total = 1, 1
	}
}

func (g *generator) op() Op {
	n := g.rng.IntN(g.total)
	for i, k := range kinds {
		if n -= g.weights[i]; n < 0 {
			return g.opOf(k.name)
		}
	}
	panic("the weights do not add up")
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// oneIn is true once in n times.
func (g *generator) oneIn(n int) bool { return g.rng.IntN(n) == 0 }

func (g *generator) diskOptions() DiskOptions {
	const memory, buffered = mantisdb.DurabilityMemory, mantisdb.DurabilityBuffered
	return DiskOptions{
		Durability: pick(g.rng, memory, memory, memory, memory, memory, buffered, buffered, buffered, buffered, mantisdb.DurabilitySync),
		Limit:      pick[uint64](g.rng, 0, mantisdb.MinMemoryLimit, mantisdb.MinMemoryLimit, 64<<20),
	}
}
