package cache

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"
)

// otterEngine is the engine over otter, whose policy is W-TinyLFU. Entries live in Go's
// heap.
type otterEngine struct {
	cache   atomic.Pointer[otter.Cache[string, *item]] // nil once closed
	index   otterIndex
	ordered bool
	clock   *stepClock
	counter *stats.Counter
	budget  atomic.Uint64
	// otter learns of what is stored by a buffer, in its own time. What it does not
	// know yet counts here at once, so that the budget can be kept.
	bytes, dataBytes atomic.Int64
	sets, refused    atomic.Uint64
	left             [CauseInvalidated + 1]atomic.Uint64
	queue            *evictedQueue // nil: nobody listens
}

func openOtter(c config) (engine, error) {
	e := &otterEngine{ordered: c.ordered, clock: c.clock, counter: stats.NewCounter()}
	e.index.init(c.ordered)
	e.budget.Store(c.budget)
	if c.left != nil {
		e.queue = &evictedQueue{ring: c.left}
	}
	cache, err := otter.New(&otter.Options[string, *item]{
		MaximumWeight:    otterWeight(c.budget),
		Weigher:          func(_ string, it *item) uint32 { return it.weight },
		ExpiryCalculator: otter.ExpiryWritingFunc(e.lifetime),
		OnAtomicDeletion: e.leaves,
		StatsRecorder:    e.counter,
		Clock:            otterClock{c.clock},
	})
	if err != nil {
		return nil, err
	}
	e.cache.Store(cache)
	return e, nil
}

// otterWeight is what otter is to keep to: a little less than the budget, so that a
// writer that finds the budget passed is an exception.
func otterWeight(budget uint64) uint64 { return budget - budget/64 }

// otterClock is the cache's clock in nanoseconds.
type otterClock struct{ clock *stepClock }

func (c otterClock) NowNano() int64 { return c.clock.now() * int64(time.Millisecond) }

func (c otterClock) Tick(time.Duration) <-chan time.Time { return time.Tick(sweepInterval) }

// lifetime is how long an entry has.
func (e *otterEngine) lifetime(entry otter.Entry[string, *item]) time.Duration {
	left := entry.Value.expiresAt - e.clock.now()
	if entry.Value.expiresAt == 0 || left > math.MaxInt64/int64(time.Millisecond) {
		return Forever
	}
	return time.Duration(left) * time.Millisecond
}

// leaves is told of each item that leaves, under the lock of its bucket.
func (e *otterEngine) leaves(event otter.DeletionEvent[string, *item]) {
	it := event.Value
	e.index.remove(it)
	e.count(it, -1)
	cause := causeOf(event.Cause, it)
	e.left[cause].Add(1)
	if e.queue != nil {
		e.queue.push(event.Key, it.value, cause)
	}
}

func causeOf(cause otter.DeletionCause, it *item) Cause {
	switch cause {
	case otter.CauseOverflow:
		return CauseCapacity
	case otter.CauseExpiration:
		return CauseExpired
	case otter.CauseReplacement:
		return CauseReplaced
	}
	if it.cause != 0 {
		return it.cause
	}
	return CauseRemoved
}

// count adds an item to what the cache holds, or takes it out.
func (e *otterEngine) count(it *item, sign int64) {
	e.bytes.Add(sign * int64(it.weight))
	e.dataBytes.Add(sign * (int64(it.keyLen) + int64(len(it.value))))
}

func (e *otterEngine) name() string { return EngineGo }

func (e *otterEngine) open() (*otter.Cache[string, *item], error) {
	if cache := e.cache.Load(); cache != nil {
		return cache, nil
	}
	return nil, ErrClosed
}

// lookup is a key as a string that shares its bytes: for calls that do not keep it.
func lookup(key []byte) string { return unsafe.String(unsafe.SliceData(key), len(key)) }

func (e *otterEngine) appendGet(dst, key []byte) ([]byte, error) {
	cache, err := e.open()
	if err != nil {
		return dst, err
	}
	it, found := cache.GetIfPresent(lookup(key))
	if !found {
		return dst, ErrNotFound
	}
	if dst == nil {
		dst = make([]byte, 0, len(it.value))
	}
	return append(dst, it.value...), nil
}

func (e *otterEngine) has(key []byte) (bool, error) {
	cache, err := e.open()
	if err != nil {
		return false, err
	}
	_, found := cache.GetEntryQuietly(lookup(key))
	return found, nil
}

func (e *otterEngine) getMany(out *Values, keys [][]byte) error {
	cache, err := e.open()
	if err != nil {
		return err
	}
	for _, key := range keys {
		if it, found := cache.GetIfPresent(lookup(key)); found {
			out.AppendFound(it.value)
		} else {
			out.AppendMissing()
		}
	}
	return nil
}

// admit makes an item, unless it takes more than the budget.
func (e *otterEngine) admit(key, value []byte, o entryOptions) (string, *item, error) {
	if itemWeight(len(key), len(value), o.tags, e.ordered) > otterWeight(e.budget.Load()) {
		e.refused.Add(1)
		return "", nil, ErrTooLarge
	}
	k := string(key)
	return k, newItem(k, value, o, e.ordered), nil
}

// expired tells whether what is to be stored would be absent at once.
func (e *otterEngine) expired(o entryOptions) bool {
	return o.expiresAt != 0 && o.expiresAt <= e.clock.now()
}

func (e *otterEngine) set(key, value []byte, o entryOptions) error {
	cache, err := e.open()
	if err != nil {
		return err
	}
	k, it, err := e.admit(key, value, o)
	if err != nil || e.expired(o) {
		cache.Invalidate(lookup(key))
		return err
	}
	e.enter(it)
	cache.Set(k, it)
	e.settle(cache)
	return nil
}

func (e *otterEngine) setIfAbsent(key, value []byte, o entryOptions) (bool, error) {
	cache, err := e.open()
	if err != nil {
		return false, err
	}
	k, it, err := e.admit(key, value, o)
	if err != nil {
		return false, err
	}
	if e.expired(o) {
		has, err := e.has(key)
		return !has, err
	}
	e.enter(it)
	if _, stored := cache.SetIfAbsent(k, it); !stored {
		e.index.remove(it)
		e.count(it, -1)
		e.sets.Add(^uint64(0))
		return false, nil
	}
	e.settle(cache)
	return true, nil
}

// enter counts and indexes an item that is about to be put into the cache.
func (e *otterEngine) enter(it *item) {
	e.index.add(it)
	e.count(it, 1)
	e.sets.Add(1)
}

// settle has otter evict what is too much, if it has not come to that by itself.
func (e *otterEngine) settle(cache *otter.Cache[string, *item]) {
	if uint64(max(e.bytes.Load(), 0)) > e.budget.Load() {
		cache.CleanUp()
	}
}

func (e *otterEngine) delete(key []byte) (bool, error) {
	cache, err := e.open()
	if err != nil {
		return false, err
	}
	_, deleted := cache.Invalidate(lookup(key))
	return deleted, nil
}

func (e *otterEngine) deletePrefix(prefix []byte) (uint64, error) {
	cache, err := e.open()
	if err != nil {
		return 0, err
	}
	if e.index.order != nil {
		return invalidate(cache, e.index.order.of(string(prefix))), nil
	}
	deleted := uint64(0)
	for key, it := range cache.All() {
		if strings.HasPrefix(key, lookup(prefix)) && invalidateOne(cache, key, it) {
			deleted++
		}
	}
	return deleted, nil
}

func (e *otterEngine) deleteTag(tag string) (uint64, error) {
	cache, err := e.open()
	if err != nil {
		return 0, err
	}
	return invalidate(cache, e.index.tags.of(tag)), nil
}

func (e *otterEngine) clear() (uint64, error) {
	cache, err := e.open()
	if err != nil {
		return 0, err
	}
	deleted := uint64(0)
	for key, it := range cache.All() {
		if invalidateOne(cache, key, it) {
			deleted++
		}
	}
	return deleted, nil
}

func invalidate(cache *otter.Cache[string, *item], items []*item) uint64 {
	deleted := uint64(0)
	for _, it := range items {
		if invalidateOne(cache, it.place.key, it) {
			deleted++
		}
	}
	return deleted
}

// invalidateOne takes an item out, if the key still has that one.
func invalidateOne(cache *otter.Cache[string, *item], key string, it *item) bool {
	deleted := false
	cache.ComputeIfPresent(key, func(now *item) (*item, otter.ComputeOp) {
		if now != it {
			return nil, otter.CancelOp
		}
		it.cause, deleted = CauseInvalidated, true
		return nil, otter.InvalidateOp
	})
	return deleted
}

func (e *otterEngine) resize(budget uint64) error {
	cache, err := e.open()
	if err != nil {
		return err
	}
	e.budget.Store(budget)
	cache.SetMaximum(otterWeight(budget))
	cache.CleanUp()
	return nil
}

func (e *otterEngine) stats() (Stats, error) {
	cache, err := e.open()
	if err != nil {
		return Stats{}, err
	}
	counted := e.counter.Snapshot()
	return Stats{
		Engine:      EngineGo,
		Budget:      e.budget.Load(),
		Bytes:       uint64(max(e.bytes.Load(), 0)),
		DataBytes:   uint64(max(e.dataBytes.Load(), 0)),
		Entries:     uint64(cache.EstimatedSize()),
		Hits:        counted.Hits,
		Misses:      counted.Misses,
		Sets:        e.sets.Load(),
		Refused:     e.refused.Load(),
		Evicted:     e.left[CauseCapacity].Load(),
		Expired:     e.left[CauseExpired].Load(),
		Replaced:    e.left[CauseReplaced].Load(),
		Removed:     e.left[CauseRemoved].Load(),
		Invalidated: e.left[CauseInvalidated].Load(),
	}, nil
}

func (e *otterEngine) takeEvicted(tell func(Eviction)) error {
	if e.queue != nil {
		e.queue.take(tell)
	}
	return nil
}

func (e *otterEngine) close() error {
	if cache := e.cache.Swap(nil); cache != nil {
		cache.StopAllGoroutines()
	}
	return nil
}

// evictedQueue is what has left and was not told yet.
type evictedQueue struct {
	ring    func()
	mu      sync.Mutex
	waiting []evicted
	told    []evicted // the array of the last take, to be used again
}

type evicted struct {
	key   string
	value []byte
	cause Cause
}

func (q *evictedQueue) push(key string, value []byte, cause Cause) {
	q.mu.Lock()
	q.waiting = append(q.waiting, evicted{key, value, cause})
	q.mu.Unlock()
	q.ring()
}

func (q *evictedQueue) take(tell func(Eviction)) {
	q.mu.Lock()
	taken := q.waiting
	q.waiting = q.told[:0]
	q.mu.Unlock()
	for _, e := range taken {
		tell(Eviction{Key: []byte(e.key), Value: e.value, Cause: e.cause})
	}
	clear(taken)
	q.told = taken
}
