package bench

import "math/rand/v2"

// loadGeneration is the generation of every value when its key is first written.
const loadGeneration = 1

// ledger knows the generation of every key of a store without storing any: a
// store is loaded with all keys at loadGeneration, and each round of overwrites
// takes the keys in orders that can be computed backwards.
type ledger struct {
	keys   uint64
	rounds [][]overwriter // finished rounds, the newest last; a worker each
}

// generation is what key number has after all finished rounds.
func (l *ledger) generation(number uint64) uint64 {
	for i := len(l.rounds) - 1; i >= 0; i-- {
		round := l.rounds[i]
		writer := &round[number%uint64(len(round))]
		if generation, written := writer.generation(number); written {
			return generation
		}
	}
	return loadGeneration
}

// add notes a finished round; a round without overwriters changes nothing.
func (l *ledger) add(round []overwriter) {
	if len(round) > 0 {
		l.rounds = append(l.rounds, round)
	}
}

// newest is a generation that no key is beyond.
func (l *ledger) newest() uint64 {
	newest := uint64(loadGeneration)
	for _, round := range l.rounds {
		for i := range round {
			newest = max(newest, round[i].newest())
		}
	}
	return newest
}

// overwriter plans the overwrites of one worker in a round. The keys are shared
// out: worker w of n overwrites the keys whose number is w modulo n, and nobody
// else does, so it knows what they hold. It goes through them in a random order,
// again and again; each pass is a generation.
type overwriter struct {
	order           permutation
	worker, workers uint64
	base            uint64 // the ledger's newest generation before the round
	pass            uint64 // finished passes
	done            uint64 // overwrites in the current pass
}

// newOverwriter plans for one of workers, of which there are no more than keys.
func newOverwriter(l *ledger, worker, workers uint64, random rand.Source) overwriter {
	share := (l.keys - worker + workers - 1) / workers
	return overwriter{
		order:   newPermutation(share, random),
		worker:  worker,
		workers: workers,
		base:    l.newest(),
	}
}

// next is the key to overwrite and the generation to write.
func (o *overwriter) next() (number, generation uint64) {
	number = o.order.at(o.done)*o.workers + o.worker
	generation = o.base + o.pass + 1
	if o.done++; o.done == o.order.n {
		o.done = 0
		o.pass++
	}
	return number, generation
}

// owns tells whether this worker is the one that overwrites the key.
func (o *overwriter) owns(number uint64) bool { return number%o.workers == o.worker }

// generation is that of the newest overwrite of a key it owns, if there is one.
func (o *overwriter) generation(number uint64) (generation uint64, written bool) {
	passes := o.pass
	if o.order.position(number/o.workers) < o.done {
		passes++
	}
	return o.base + passes, passes > 0
}

// newest is a generation that none of its overwrites is beyond.
func (o *overwriter) newest() uint64 {
	if o.done > 0 {
		return o.base + o.pass + 1
	}
	return o.base + o.pass
}
