package metamorphic

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

// What a watch tells is compared with what was written. The engines need not agree on
// what they still have of the past, so nothing of it is said.
var watchKinds = []kind{
	{"watch", 6, (*generator).watch, runWatch},
	{"watch-next", 20, (*generator).watchNext, runWatchNext},
	{"watch-close", 2, (*generator).slot, runWatchClose},
}

// runWatch watches from now on or, if the mode is past, from where the snapshot of the
// same slot was made.
func runWatch(t *target, o *Op) {
	t.closeWatch(o.Slot)
	t.watches[o.Slot] = nil
	s := t.space(o)
	r := t.rangeOf(o)
	w := &watch{space: s, r: s.span(r), next: len(t.history)}
	isKept := true
	if o.Mode == "past" {
		before := t.snapshots[o.Slot]
		if before == nil {
			return
		}
		w.past, w.from, w.next = true, before.real.Version()+1, before.history
		isKept = before.writes == t.writes && before.db == t.db
	}
	want := s.in(t.db)
	if r.Reverse {
		want = errors.Join(want, mantisdb.ErrInvalidOptions)
	}
	real, err := t.in(o).Watch(r, w.from)
	if want == nil && !isKept && errors.Is(err, mantisdb.ErrHistoryGone) {
		return
	}
	if got := t.err("Watch", err, want); !got {
		return
	}
	w.real = real
	if w.past {
		t.check(real.From() == w.from, "the watch from version %d begins at %d", w.from, real.From())
	} else {
		t.check(real.From() > t.last, "the watch from now on begins at %d, after %d", real.From(), t.last)
		w.from = real.From()
	}
	t.watches[o.Slot] = w
}

// runWatchNext reads up to so many changes, or all.
func runWatchNext(t *target, o *Op) {
	w := t.watches[o.Slot]
	if w == nil || w.done {
		return
	}
	said := len(t.said)
	for n := 0; o.Most == 0 || n < o.Most; n++ {
		if !w.tell(t) || t.failure != "" {
			break
		}
	}
	t.said = t.said[:said]
}

func (t *target) closeWatch(slot int) {
	if w := t.watches[slot]; w != nil {
		t.err("Watch.Close", w.real.Close(), nil)
		w.closed = true
	}
}

func runWatchClose(t *target, o *Op) { t.closeWatch(o.Slot) }
