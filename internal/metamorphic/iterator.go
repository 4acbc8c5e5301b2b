package metamorphic

import (
	"slices"

	"github.com/mantisdb/mantisdb"
)

// The moves of an iterator, in an operation's field of that name.
const (
	moveFirst = 'f'
	moveLast  = 'l'
	moveNext  = 'n'
	movePrev  = 'p'
	moveSeek  = 's' // to the next of the operation's keys
	movePut   = 'w' // the iterator stays, and the operation's key is put beside it
)

// Where an iterator is.
const (
	beforeFirst = iota
	atEntry
	behindLast
)

// walker is the model of an iterator. It walks runs: lists of entries in one direction,
// each made when the iterator turns or jumps.
type walker struct {
	r     mantisdb.Range                                        // of addresses
	list  func(r mantisdb.Range) []*entry                       // what a range holds
	ended func(r mantisdb.Range, all []*entry, n int, end bool) // of a run: what was read of it

	place int
	run   struct {
		open bool
		back bool
		r    mantisdb.Range
		all  []*entry
		n    int // how many were yielded
	}
	opened bool // whether there ever was a run
}

// at is the current entry, nil without one.
func (w *walker) at() *entry {
	if w.place != atEntry {
		return nil
	}
	return w.run.all[w.run.n-1]
}

func (w *walker) leave(to int) {
	if w.run.open {
		w.ended(w.run.r, w.run.all, w.run.n, false)
		w.run.open = false
	}
	w.place = to
}

func (w *walker) begin(r mantisdb.Range, back bool) {
	w.run.open, w.run.back, w.run.r, w.run.all, w.run.n = true, back, r, w.list(r), 0
	w.opened = true
}

func (w *walker) advance() {
	if w.run.n < len(w.run.all) {
		w.run.n++
		w.place = atEntry
		return
	}
	w.ended(w.run.r, w.run.all, w.run.n, true)
	w.run.open, w.place = false, behindLast
	if w.run.back {
		w.place = beforeFirst
	}
}

func (w *walker) step(back bool) {
	if w.run.open && w.run.back == back {
		w.advance()
		return
	}
	r := w.r
	r.Reverse = r.Reverse != back
	switch e := w.at(); {
	case e != nil && r.Reverse:
		r.End = []byte(e.key)
	case e != nil:
		r.Start = []byte(e.key + "\x00")
	case (w.place == beforeFirst) == back:
		return // there is nothing in that direction
	}
	w.leave(w.place)
	w.begin(r, back)
	w.advance()
}

// seek moves to the first entry at or behind an address; empty tells that the key is.
func (w *walker) seek(address string, empty bool) {
	w.leave(beforeFirst)
	r := w.r
	switch {
	case r.Reverse && empty:
		w.place = behindLast
		return
	case r.Reverse:
		r.End = []byte(min(string(r.End), address+"\x00"))
	default:
		r.Start = []byte(max(string(r.Start), address))
	}
	w.begin(r, false)
	w.advance()
}

// iterate moves an iterator as an operation says, and the model of it along. wrong is
// the error that there must be from the beginning on, and lazily that of the first move
// that has to look.
func (t *target) iterate(it *mantisdb.Iterator, w *walker, o *Op, wrong, lazily error, put func()) {
	keys := slices.Clone(o.Keys)
	t.compareIterator(it, w, o, wrong)
	for _, move := range o.Moves {
		var got bool
		switch move {
		case moveFirst, moveLast, moveNext, movePrev:
			got = t.move(it, w, move, wrong == nil)
		case moveSeek:
			if len(keys) == 0 {
				continue
			}
			key := keys[0]
			keys = keys[1:]
			got = it.Seek(key.Bytes())
			if wrong == nil {
				w.seek(t.space(o).address(key.Text()), key.len() == 0)
			}
		case movePut:
			put()
			continue
		}
		if wrong == nil && w.opened && lazily != nil {
			wrong = lazily
		}
		t.check(got == (wrong == nil && w.at() != nil), "the iterator's move %c found an entry: %v, want %v", move, got, !got)
		if !t.compareIterator(it, w, o, wrong) {
			break
		}
	}
	w.leave(behindLast)
	t.err("Iterator.Close", it.Close(), nil)
	t.check(!it.Next() && !it.Valid() && it.Err() != nil, "a closed iterator moves")
}

// move does one of the moves without a key.
func (t *target) move(it *mantisdb.Iterator, w *walker, move rune, inModel bool) bool {
	back := move == moveLast || move == movePrev
	if inModel {
		switch move {
		case moveFirst:
			w.leave(beforeFirst)
		case moveLast:
			w.leave(behindLast)
		}
		w.step(back)
	}
	switch move {
	case moveFirst:
		return it.First()
	case moveLast:
		return it.Last()
	case movePrev:
		return it.Prev()
	}
	return it.Next()
}

// compareIterator compares where an iterator is.
func (t *target) compareIterator(it *mantisdb.Iterator, w *walker, o *Op, wrong error) bool {
	t.err("Iterator.Err", it.Err(), wrong)
	e := w.at()
	if wrong != nil {
		e = nil
	}
	t.check(it.Valid() == (e != nil), "the iterator is at an entry: %v, want %v", it.Valid(), e != nil)
	if e == nil {
		t.check(it.Key() == nil && it.Value() == nil && it.Meta() == mantisdb.Meta{}, "the iterator is at no entry and has the key %s", show(string(it.Key())))
		return t.failure == ""
	}
	t.check(string(it.Key()) == e.name(), "the iterator is at %s, want %s", show(string(it.Key())), show(e.name()))
	t.check((it.Value() != nil) == !o.KeysOnly, "the iterator of keys only: %v gave %s a value: %v", o.KeysOnly, show(e.key), it.Value() != nil)
	t.check(o.KeysOnly || string(it.Value()) == e.value, "the iterator has %s = %s, want %s", show(e.key), show(string(it.Value())), show(e.value))
	t.said = append(append(append(t.said, it.Key()...), '='), it.Value()...)
	if t.failure == "" {
		t.learn("at the iterator, "+show(e.key), e, it.Meta())
	}
	return t.failure == ""
}
