package bench

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
)

// breathOperations is after how many operations a worker looks up: it publishes
// its progress, sees whether it has to stop, and yields the processor if there
// are more workers than processors. A power of two.
const breathOperations = 256

// worker is one goroutine of a workload. Its buffers are made once, so that the
// measured loop allocates nothing of its own.
type worker struct {
	store      store
	ledger     *ledger // of the rounds before this one; not changed meanwhile
	overwriter overwriter
	random     rand.PCG
	recorder   *recorder
	faults     faults
	operations uint64
	quota      uint64 // operations to do
	yields     bool
	stop       *atomic.Bool // of all workers
	published  atomic.Uint64

	key   []byte
	value []byte // to write
	read  []byte // what was read
	batch mantisdb.Batch
}

// proceed tells whether to go on. It is asked before each operation.
func (w *worker) proceed() bool {
	if w.operations%breathOperations != 0 {
		return true
	}
	return w.breathe()
}

// breathe is no part of an operation. Without yielding, goroutines that never
// block would each keep a processor for the scheduler's time slice of 10 ms, and
// an operation in which one loses it would seem to last as long as all others'
// slices together.
func (w *worker) breathe() bool {
	w.published.Store(w.operations)
	if w.stop.Load() {
		return false
	}
	if w.yields {
		w.recorder.pause()
		runtime.Gosched()
		w.recorder.resume()
	}
	return true
}

// run does a workload's operations until the quota is filled or the run stopped.
func (w *worker) run(work func(*worker)) {
	w.recorder.resume()
	work(w)
	w.recorder.pause()
	w.published.Store(w.operations)
}

// anyKey is a key number below the number of keys, each as likely.
func (w *worker) anyKey() uint64 { return below(w.random.Uint64(), w.ledger.keys) }

// below maps 64 random bits to a number below n; its low bits stay unused.
func below(bits64, n uint64) uint64 {
	high, _ := bits.Mul64(bits64, n)
	return high
}

// put writes one key.
func (w *worker) put(number, generation uint64) {
	fillKey(w.key, number)
	fillValue(w.value, number, generation)
	timed := w.recorder.due()
	err := w.store.Put(w.key, w.value)
	if timed {
		w.recorder.done()
	}
	w.operations++
	if err != nil {
		w.faults.add("put key number %d: %w", number, err)
	}
}

// get reads one key, which must exist. The value is valid until the next get.
func (w *worker) get(number uint64) (value []byte, ok bool) {
	fillKey(w.key, number)
	timed := w.recorder.due()
	value, err := w.store.AppendGet(w.read[:0], w.key)
	if timed {
		w.recorder.done()
	}
	w.operations++
	if err != nil {
		w.faults.add("get key number %d: %w", number, err)
		return nil, false
	}
	w.read = value
	return value, true
}

// getExact reads a key that nobody writes meanwhile.
func (w *worker) getExact(number uint64) {
	if value, ok := w.get(number); ok {
		checkGeneration(&w.faults, value, number, w.ledger.generation(number))
	}
}

// overwrite does the next overwrite of the worker's plan.
func (w *worker) overwrite() { w.put(w.overwriter.next()) }

// getShared reads a key while others overwrite theirs. Of its own keys the
// worker knows what they hold. Another's key must hold what it did before the
// round, or any value of the round, but nothing older.
func (w *worker) getShared(number uint64) {
	value, ok := w.get(number)
	if !ok {
		return
	}
	before := w.ledger.generation(number)
	if w.overwriter.owns(number) {
		want, written := w.overwriter.generation(number)
		if !written {
			want = before
		}
		checkGeneration(&w.faults, value, number, want)
		return
	}
	generation, whole := checkValue(value, number)
	if !whole || generation <= w.overwriter.base && generation != before {
		checkGeneration(&w.faults, value, number, before)
	}
}

// writeBatch writes the batch and empties it.
func (w *worker) writeBatch() {
	timed := w.recorder.due()
	err := w.store.Write(&w.batch)
	if timed {
		w.recorder.done()
	}
	if err != nil {
		w.faults.add("write a batch of %d keys: %w", w.batch.Len(), err)
		w.faults.count += uint64(w.batch.Len()) - 1
	}
	w.operations += uint64(w.batch.Len())
	w.batch.Reset()
}
