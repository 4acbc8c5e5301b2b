package backed

import (
	"bytes"
	"container/list"
	"sync"
	"time"
)

// queue is what a Behind has to write. Of each key it has at most two writes: one that is
// in flight, being written to the store, and a newer one that waits.
//
// A write leaves the queue when the store has it, or has a newer one of its key. So who
// finds a key neither in the cache nor here finds its newest value in the store.
type queue struct {
	mu       sync.Mutex
	limit    BehindOptions
	waiting  map[string]*queued
	inFlight map[string]*queued
	order    list.List // of *queued, those that wait: the longest first
	bytes    int64     // of both
	last     uint64    // number given out
	flushes  []*flush
	closed   bool
	starved  bool // a write found no room since the last batch
	stats    QueueStats
	// wake holds one: there may be something to do. room is closed, and another one
	// made, when writes have left.
	wake chan struct{}
	room chan struct{}
}

// queued is a write in the queue. Its key and value are its own, and never change.
type queued struct {
	write  Write
	number uint64    // of the oldest write that it stands for
	since  time.Time // when that came
	place  *list.Element
}

func (q *queued) size() int64 { return int64(len(q.write.Key) + len(q.write.Entry.Value)) }

// flush is somebody who waits until the writes up to a number have left.
type flush struct {
	upTo uint64
	left int // how many have not
	done chan struct{}
}

func newQueue(limit BehindOptions) *queue {
	return &queue{
		limit:    limit,
		waiting:  make(map[string]*queued),
		inFlight: make(map[string]*queued),
		wake:     make(chan struct{}, 1),
		room:     make(chan struct{}),
	}
}

func (q *queue) len() int { return len(q.waiting) + len(q.inFlight) }

// push takes a write in, of which it keeps a copy, instead of an older one of the key if
// that waits still. If there is no room it returns a channel that is closed when it is
// worth trying again.
func (q *queue) push(w *Write) (full <-chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, ErrClosed
	}
	old := q.waiting[string(w.Key)]
	more, keys := int64(len(w.Key)+len(w.Entry.Value)), 1
	if old != nil {
		more, keys = more-old.size(), 0
	}
	alone := q.len() == 0 || old != nil && q.len() == 1
	if q.len()+keys > q.limit.MaxQueued || more > 0 && q.bytes+more > q.limit.MaxQueuedBytes && !alone {
		q.starved = true
		q.ring()
		return q.room, nil
	}
	q.bytes += more
	q.last++
	if old != nil {
		old.write = w.clone()
		q.stats.Coalesced++
		return nil, nil
	}
	q.add(&queued{write: w.clone(), number: q.last, since: time.Now()}, false)
	if n := len(q.waiting); n == 1 || n >= q.limit.BatchSize {
		q.ring()
	}
	return nil, nil
}

func (w *Write) clone() Write {
	c := Write{Key: bytes.Clone(w.Key), Deleted: w.Deleted}
	if !w.Deleted {
		c.Entry = Entry{Value: append([]byte{}, w.Entry.Value...), ExpiresAt: w.Entry.ExpiresAt}
	}
	return c
}

// add has a write wait.
func (q *queue) add(w *queued, first bool) {
	q.waiting[string(w.write.Key)] = w
	if first {
		w.place = q.order.PushFront(w)
	} else {
		w.place = q.order.PushBack(w)
	}
}

func (q *queue) ring() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// get is the newest write of a key that the store may not have. Nobody changes its bytes.
func (q *queue) get(key []byte) (Write, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.waiting[string(key)]
	if w == nil {
		w = q.inFlight[string(key)]
	}
	if w == nil {
		return Write{}, false
	}
	return w.write, true
}

// due is how long it takes until there is something to be written, if nothing comes: 0 if
// there is now, and a negative time if nothing waits. With end nothing ever will.
func (q *queue) due() (wait time.Duration, end bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch first := q.order.Front(); {
	case first == nil:
		return -1, q.closed
	case q.closed || q.starved || len(q.flushes) > 0 || q.order.Len() >= q.limit.BatchSize:
		return 0, false
	default:
		return max(0, time.Until(first.Value.(*queued).since.Add(q.limit.Interval))), false
	}
}

// take has the first n writes fly. Their keys differ, and nothing else flies.
func (q *queue) take(n int) []Write {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch []Write
	for len(batch) < n && q.order.Len() > 0 {
		w := q.order.Remove(q.order.Front()).(*queued)
		delete(q.waiting, string(w.write.Key))
		q.inFlight[string(w.write.Key)] = w
		batch = append(batch, w.write)
	}
	return batch
}

// land ends the flight of a batch: what has failed waits again, first or, so that it does
// not hold up others, last.
func (q *queue) land(batch []Write, failed []bool, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := len(batch) - 1; i >= 0; i-- { // so that the first comes before the second
		w := q.inFlight[string(batch[i].Key)]
		delete(q.inFlight, string(batch[i].Key))
		if failed[i] {
			q.again(w, first)
		} else {
			q.stats.Written++
			q.leave(w)
		}
	}
	q.starved = false
	close(q.room)
	q.room = make(chan struct{})
}

// again has a write wait that has failed, unless a newer one of its key does: that then
// stands for both.
func (q *queue) again(w *queued, first bool) {
	newer := q.waiting[string(w.write.Key)]
	if newer == nil {
		q.add(w, first)
		return
	}
	q.stats.Coalesced++
	q.bytes -= w.size()
	q.told(newer.number)
	newer.number, newer.since = w.number, w.since
}

// leave is the end of a write.
func (q *queue) leave(w *queued) {
	q.bytes -= w.size()
	q.told(w.number)
}

// told tells who waits for a write that it has left.
func (q *queue) told(number uint64) {
	kept := q.flushes[:0]
	for _, f := range q.flushes {
		if number <= f.upTo {
			f.left--
		}
		if f.left > 0 {
			kept = append(kept, f)
		} else {
			close(f.done)
		}
	}
	clear(q.flushes[len(kept):])
	q.flushes = kept
}

// flush waits for what is in the queue now. The channel is closed when that has left.
func (q *queue) flush() *flush {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := &flush{upTo: q.last, left: q.len(), done: make(chan struct{})}
	if f.left == 0 {
		close(f.done)
		return f
	}
	q.flushes = append(q.flushes, f)
	q.ring()
	return f
}

// forget ends the wait of a flush.
func (q *queue) forget(f *flush) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, other := range q.flushes {
		if other == f {
			q.flushes = append(q.flushes[:i], q.flushes[i+1:]...)
			return
		}
	}
}

// close refuses writes from now on, and has what waits be written at once.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.room) // who waits for room finds it closed
		q.room = make(chan struct{})
	}
	q.ring()
}

// drain empties a closed queue from which nothing flies, and returns what was in it.
func (q *queue) drain() []Write {
	q.mu.Lock()
	defer q.mu.Unlock()
	var left []Write
	for at := q.order.Front(); at != nil; at = at.Next() {
		left = append(left, at.Value.(*queued).write)
	}
	q.order.Init()
	clear(q.waiting)
	q.bytes = 0
	return left
}

func (q *queue) figures() QueueStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Queued, s.QueuedBytes = q.len(), q.bytes
	return s
}

// failure counts a batch that failed, and is how many have in a row.
func (q *queue) failure(err error) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Failures++
	q.stats.InARow++
	q.stats.LastError = err
	return q.stats.InARow
}

func (q *queue) success() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.InARow, q.stats.LastError = 0, nil
}
