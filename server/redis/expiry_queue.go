package redis

import (
	"cmp"
	"container/heap"
	"slices"
)

// expiryQueue are keys by the time at which they expire, in Unix milliseconds.
type expiryQueue struct {
	room    int // bytes that it may take
	size    int // bytes that it takes
	byKey   map[string]*expiring
	heap    expiryHeap
	walked  bool  // all keys were looked at once
	horizon int64 // keys that expire then or later are left out; 0: none is
}

type expiring struct {
	key   string
	at    int64
	index int // in the heap
}

// expiringOverhead is what a key takes beyond its bytes, roughly.
const expiringOverhead = 128

func (e *expiring) size() int { return len(e.key) + expiringOverhead }

func (q *expiryQueue) reset() {
	*q = expiryQueue{room: q.room, byKey: map[string]*expiring{}}
}

// incomplete tells whether keys are missing that are to be looked for now: before the
// first walk, and when most of those have gone that there was room for.
func (q *expiryQueue) incomplete() bool {
	return !q.walked || q.horizon != 0 && q.size < q.room/4
}

// put has a key expire at a time, and at no other.
func (q *expiryQueue) put(key []byte, at int64) {
	if q.horizon != 0 && at >= q.horizon {
		q.remove(key)
		return
	}
	if e := q.byKey[string(key)]; e != nil {
		e.at = at
		heap.Fix(&q.heap, e.index)
		return
	}
	e := &expiring{key: string(key), at: at}
	q.byKey[e.key] = e
	heap.Push(&q.heap, e)
	if q.size += e.size(); q.size > q.room {
		q.shed()
	}
}

// shed leaves out those that expire last: half of what there is room for.
func (q *expiryQueue) shed() {
	slices.SortFunc(q.heap, func(a, b *expiring) int { return cmp.Compare(a.at, b.at) })
	n := len(q.heap)
	for n > 1 && q.size > q.room/2 {
		n--
		q.size -= q.heap[n].size()
		delete(q.byKey, q.heap[n].key)
	}
	if n < len(q.heap) {
		q.horizon = q.heap[n].at
	}
	clear(q.heap[n:])
	q.heap = q.heap[:n]
	for i, e := range q.heap {
		e.index = i
	}
}

// remove has a key not expire.
func (q *expiryQueue) remove(key []byte) {
	if e := q.byKey[string(key)]; e != nil {
		q.drop(e)
	}
}

// removeRange is remove of all keys from start to before end; nil is without an end.
func (q *expiryQueue) removeRange(start, end []byte) {
	for key, e := range q.byKey {
		if key >= string(start) && (end == nil || key < string(end)) {
			q.drop(e)
		}
	}
}

func (q *expiryQueue) drop(e *expiring) {
	heap.Remove(&q.heap, e.index)
	delete(q.byKey, e.key)
	q.size -= e.size()
}

// next is when the next key expires, if there is any.
func (q *expiryQueue) next() (at int64, any bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

// pop removes the key that expires next.
func (q *expiryQueue) pop() string {
	e := q.heap[0]
	q.drop(e)
	return e.key
}

// expiryHeap implements heap.Interface. The first expires next.
type expiryHeap []*expiring

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].at < h[j].at }

func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *expiryHeap) Push(x any) {
	e := x.(*expiring)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
