package bench

import (
	"math/rand/v2"
	"testing"
)

// The ledger computes what a plain map of generations would hold.
func TestLedgerKnowsEveryGeneration(t *testing.T) {
	const keys = 1003
	random := rand.New(rand.NewPCG(1, 2))
	l := &ledger{keys: keys}
	model := make([]uint64, keys)
	for i := range model {
		model[i] = loadGeneration
	}
	for round, workers := range []uint64{1, 40, 7, keys} {
		before := l.newest()
		overwriters := make([]overwriter, workers)
		for id := range workers {
			o := newOverwriter(l, id, workers, rand.NewPCG(id, workers))
			for range random.Uint64N(4 * keys / workers) {
				number, generation := o.next()
				if !o.owns(number) {
					t.Fatalf("round %d: worker %d overwrites key %d of another", round, id, number)
				}
				if generation <= before || generation <= model[number] {
					t.Fatalf("round %d: key %d goes from generation %d to %d, the round before ended at %d",
						round, number, model[number], generation, before)
				}
				model[number] = generation
				if got, written := o.generation(number); !written || got != generation {
					t.Fatalf("round %d: just written generation %d is known as %d, %v", round, generation, got, written)
				}
			}
			overwriters[id] = o
		}
		l.add(overwriters)
		for number := range uint64(keys) {
			if got := l.generation(number); got != model[number] {
				t.Fatalf("after round %d: generation of key %d is %d, want %d", round, number, got, model[number])
			}
			if model[number] > l.newest() {
				t.Fatalf("after round %d: newest is %d, key %d has %d", round, l.newest(), number, model[number])
			}
		}
	}
}
