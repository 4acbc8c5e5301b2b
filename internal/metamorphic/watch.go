package metamorphic

import (
	"bytes"
	"context"
	"errors"

	"github.com/mantisdb/mantisdb"
)

// watch is a watch, open or closed, and how far it was read.
type watch struct {
	real   *mantisdb.Watch
	space  *space
	r      mantisdb.Range // of addresses
	next   int            // the first of the writes that it has not told
	from   uint64
	past   bool   // it begins before it was opened, with what may be gone
	last   uint64 // the version of what it told last
	closed bool   // or its database is
	done   bool   // it has ended by itself
}

// ended is a context that has, so that nobody waits.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// log is what is written, in its order.
func (t *target) log(e *entry) { t.history = append(t.history, e) }

// expect is the next write that a watch is to tell of, clipped to its range, and its
// place in the history; nil if there is none.
func (w *watch) expect(t *target) (e *entry, r mantisdb.Range, at int) {
	for at = w.next; at < len(t.history); at++ {
		switch e = t.history[at]; {
		case e.span == nil && contains(w.r, e.key):
			return e, r, at
		case e.span != nil && overlap(w.r, *e.span):
			r.Start, r.End = w.r.Start, w.r.End
			if bytes.Compare(e.span.Start, r.Start) > 0 {
				r.Start = e.span.Start
			}
			if bytes.Compare(e.span.End, r.End) < 0 {
				r.End = e.span.End
			}
			if !isEmpty(w.space.names(r)) {
				return e, r, at
			}
		}
	}
	return nil, r, at
}

// tell reads the next change, and tells whether there was one.
func (w *watch) tell(t *target) bool {
	want, clipped, at := w.expect(t)
	got, err := w.real.Next(ended)
	if err != nil {
		w.end(t, err, want, at)
		return false
	}
	if !t.check(want != nil, "the watch told %s of %s at the version %d, and nothing was written", kindName(got.Kind), show(string(got.Key)), got.Version) {
		return false
	}
	t.check(got.Version > w.last && got.Version >= w.from, "the watch from version %d told %d after %d", w.from, got.Version, w.last)
	w.last, w.next = got.Version, at+1
	t.compareChange(w, got, want, clipped)
	return true
}

// end compares how a watch has ended, or that there is nothing to be told.
func (w *watch) end(t *target, got error, want *entry, at int) {
	isDrop := want != nil && w.space.dropped && want.span != nil && at == w.space.droppedAt
	switch {
	case w.closed:
		t.err("Watch.Next", got, mantisdb.ErrClosed)
		return
	case errors.Is(got, mantisdb.ErrHistoryGone) && w.past:
	case errors.Is(got, mantisdb.ErrWatchTooSlow):
		t.check(w.past || t.writtenSince(w.next) > t.watchCapacity()/2, "the watch was too slow for %d bytes: %v", t.writtenSince(w.next), got)
	case w.space.dropped:
		t.check(want == nil || isDrop, "the watch ended before it told of %s", describe(want))
		t.check(errors.Is(got, mantisdb.ErrKeyspaceDropped), "Watch.Next: error %v, want that the keyspace was dropped", got)
	default:
		t.check(want == nil, "the watch did not tell of %s: %v", describe(want), got)
		t.check(errors.Is(got, context.Canceled), "Watch.Next: error %v, want that of the context", got)
		return
	}
	w.done = true
}

// compareChange compares a change with the write that it must be.
func (t *target) compareChange(w *watch, got mantisdb.Change, want *entry, clipped mantisdb.Range) {
	what := "the watch's " + describe(want)
	if want.span != nil {
		t.check(got.Kind == mantisdb.ChangeDeleteRange, "%s is told as %s", what, kindName(got.Kind))
		t.compareBounds(w, got, clipped)
	} else {
		kind := mantisdb.ChangePut
		if want.isDeletion() {
			kind = mantisdb.ChangeDelete
		}
		t.check(got.Kind == kind && string(got.Key) == want.name(), "%s is told as %s of %s", what, kindName(got.Kind), show(string(got.Key)))
		t.check(got.End == nil, "%s has an end", what)
	}
	value := want.value
	if w.r.KeysOnly {
		value = ""
	}
	t.check(string(got.Value) == value, "%s has the value %s, want %s", what, show(string(got.Value)), show(value))
	if want.isDeletion() {
		t.check(got.ExpiresAt == 0 && got.Value == nil, "%s has a value, or expires at %d", what, got.ExpiresAt)
		t.learnVersion(what, want, got.Version)
		return
	}
	t.learn(what, want, mantisdb.Meta{Version: got.Version, ExpiresAt: got.ExpiresAt})
}

// compareBounds compares the bounds of a deleted range: nil where the keyspace begins
// or ends. It begins with the empty key, which nobody has, or with the one after that.
func (t *target) compareBounds(w *watch, got mantisdb.Change, want mantisdb.Range) {
	start := string(want.Start[addressLen:])
	same := string(got.Key) == start || len(got.Key) == 0 && start == "\x00"
	t.check(same && (got.Key == nil || len(got.Key) > 0), "a range is deleted from %s, want %s", show(string(got.Key)), show(start))
	if all := w.space.span(mantisdb.Range{}); bytes.Equal(want.End, all.End) {
		t.check(got.End == nil, "a range is deleted to %s, want to its end", show(string(got.End)))
	} else {
		t.check(got.End != nil && string(got.End) == string(want.End[addressLen:]), "a range is deleted to %s, want %s", show(string(got.End)), show(string(want.End)))
	}
}

// describe is a write in words.
func describe(e *entry) string {
	switch {
	case e == nil:
		return "nothing"
	case e.span != nil:
		return "deletion of the range from " + show(string(e.span.Start)) + " to " + show(string(e.span.End))
	case e.isDeletion():
		return "deletion of " + show(e.key)
	}
	return "put of " + show(e.key)
}

func kindName(k mantisdb.ChangeKind) string {
	switch k {
	case mantisdb.ChangePut:
		return "a put"
	case mantisdb.ChangeDelete:
		return "a deletion"
	case mantisdb.ChangeDeleteRange:
		return "the deletion of a range"
	}
	return "a change of an unknown kind"
}

// writtenSince is about how many bytes of changes came after a place in the history.
func (t *target) writtenSince(at int) (bytes int) {
	const each = 256 // about what goes with one
	for _, e := range t.history[at:] {
		bytes += len(e.key) + len(e.value) + each
	}
	return bytes
}

// watchCapacity is how many bytes of changes are kept for watches.
func (t *target) watchCapacity() int {
	if limit := t.stats.MemoryLimit; limit != 0 {
		return int(min(mantisdb.WatchBufferLen, limit/16))
	}
	return mantisdb.WatchBufferLen
}
