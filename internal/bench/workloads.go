package bench

import "runtime"

// workload is one line of the report.
type workload struct {
	name string
	// fresh workloads begin with an empty store; others find what the one
	// before left, which is all keys.
	fresh bool
	// writes says that the whole store is checked afterwards.
	writes bool
	// overwrites says that workers need a plan of overwrites.
	overwrites bool
	// interval of the recorder: one of so many operations is timed.
	interval uint64
	// workers is the number of goroutines, at least one.
	workers func() int
	// timed workloads go on for Level.ThroughputTime; others until they have
	// made as many operations as there are keys.
	timed bool
	work  func(*worker)
}

const (
	// usualInterval makes the clock cost a few nanoseconds an operation.
	usualInterval = 16
	// stepInterval is for steps of a scan, which are not much longer than the
	// clock's own time.
	stepInterval = 64
	// batchKeys is the number of keys in a batch, whose Write is always timed.
	batchKeys = 100
	// concurrency is the number of goroutines of concurrent_40.
	concurrency = 40
)

// workloads in the order in which they run. There are three stores, one after
// the other, each with the same keys: one filled in order, one in random order,
// one in batches.
var workloads = []workload{
	{name: "sequential_writes", fresh: true, writes: true, interval: usualInterval,
		workers: one, work: writeInOrder},
	{name: "sequential_reads", interval: usualInterval,
		workers: one, work: readInOrder},

	{name: "random_writes", fresh: true, writes: true, interval: usualInterval,
		workers: one, work: writeShuffled},
	{name: "random_reads", interval: usualInterval,
		workers: one, work: readAny},
	{name: "overwrites", writes: true, overwrites: true, interval: usualInterval,
		workers: one, work: overwriteOwn},

	{name: "batch_writes", fresh: true, writes: true, interval: 1,
		workers: one, work: writeBatches},
	{name: "scan", interval: stepInterval,
		workers: one, work: scanAll},
	{name: "concurrent_40", writes: true, overwrites: true, interval: usualInterval,
		workers: forty, work: mixed(50)},
	{name: "high_throughput", writes: true, overwrites: true, interval: usualInterval,
		workers: processors, timed: true, work: mixed(95)},
}

func one() int        { return 1 }
func forty() int      { return concurrency }
func processors() int { return runtime.GOMAXPROCS(0) }

// writeInOrder writes new keys in ascending order.
func writeInOrder(w *worker) {
	for i := uint64(0); i < w.quota && w.proceed(); i++ {
		w.put(i, loadGeneration)
	}
}

// readInOrder reads all keys in ascending order.
func readInOrder(w *worker) {
	for i := uint64(0); i < w.quota && w.proceed(); i++ {
		w.getExact(i)
	}
}

// writeShuffled writes new keys in random order, each once.
func writeShuffled(w *worker) {
	order := newPermutation(w.quota, &w.random)
	for i := uint64(0); i < w.quota && w.proceed(); i++ {
		w.put(order.at(i), loadGeneration)
	}
}

// readAny reads keys at random, each draw independent of the others.
func readAny(w *worker) {
	for i := uint64(0); i < w.quota && w.proceed(); i++ {
		w.getExact(w.anyKey())
	}
}

// overwriteOwn overwrites all keys in random order, each once.
func overwriteOwn(w *worker) {
	for i := uint64(0); i < w.quota && w.proceed(); i++ {
		w.overwrite()
	}
}

// writeBatches writes new keys in random order, batchKeys at a time. An
// operation is a key; a latency is that of a whole Write.
func writeBatches(w *worker) {
	order := newPermutation(w.quota, &w.random)
	for i := uint64(0); i < w.quota && w.breathe(); {
		for end := min(i+batchKeys, w.quota); i < end; i++ {
			number := order.at(i)
			fillKey(w.key, number)
			fillValue(w.value, number, loadGeneration)
			if err := w.batch.Put(w.key, w.value); err != nil {
				w.faults.add("add key number %d to a batch: %w", number, err)
			}
		}
		w.writeBatch()
	}
}

// scanAll walks over the whole store in order. An operation is a key; a latency
// is the time from handing one to the loop's body being done to the next key.
func scanAll(w *worker) {
	s := sweep{ledger: w.ledger, faults: &w.faults}
	stopped := false
	timed := w.recorder.due()
	err := w.store.Walk(func(key, value []byte) bool {
		if timed {
			w.recorder.done()
		}
		s.visit(key, value)
		w.operations++
		if stopped = !w.proceed(); stopped {
			return false
		}
		timed = w.recorder.due()
		return true
	})
	if err != nil {
		w.faults.add("scan: %w", err)
	}
	if !stopped {
		s.finish()
	}
}

// mixed reads any keys and overwrites the worker's own, by chance, with the
// given percentage of reads.
func mixed(readPercent uint64) func(*worker) {
	threshold := readPercent << 32 / 100
	return func(w *worker) {
		for i := uint64(0); i < w.quota && w.proceed(); i++ {
			// The low half decides what to do, the high bits choose the key.
			drawn := w.random.Uint64()
			if drawn&(1<<32-1) < threshold {
				w.getShared(below(drawn, w.ledger.keys))
			} else {
				w.overwrite()
			}
		}
	}
}
