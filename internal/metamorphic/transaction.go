package metamorphic

import (
	"bytes"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb"
)

// transaction is a transaction, under way or ended, with what it has read and is to
// write.
type transaction struct {
	real     *mantisdb.Tx
	db       *mantisdb.DB
	readOnly bool
	done     bool
	closed   bool // its database is

	view    *state // that it reads, nil before the first read
	viewed  uint64 // the last write that the view has
	pending []*entry
	spaces  []*space          // that are written to
	keys    map[string]*entry // that were read, nil for nothing
	ranges  []rangeRead
}

// rangeRead is what a loop in a transaction has read.
type rangeRead struct {
	r    mantisdb.Range
	most mantisdb.Range      // that may count as read
	saw  []*entry            // the view's entries of the range
	told map[*entry]struct{} // those that no own write has hidden
}

// in is a transaction, or its view of an operation's keyspace.
func (x *transaction) in(t *target, o *Op) view { return t.viewOf(x.real, o) }

// added notes a write to an operation's keyspace, nil for one that has nothing to do.
func (x *transaction) added(t *target, o *Op, e *entry) {
	x.spaces = append(x.spaces, t.space(o))
	if e != nil {
		x.pending = append(x.pending, e)
	}
}

func newTransaction(db *mantisdb.DB, readOnly bool) *transaction {
	return &transaction{real: db.Begin(!readOnly), db: db, readOnly: readOnly, keys: make(map[string]*entry)}
}

// begin takes the view if there is none yet.
func (x *transaction) begin(t *target) {
	if x.view == nil {
		x.view, x.viewed = t.state.clone(), t.writes
	}
}

// get is what the transaction must find under a key, nil for nothing. It notes that
// this was read.
func (x *transaction) get(t *target, key string) *entry {
	if e := x.own(key); e != nil {
		if e.isDeletion() || e.expired(t.began) {
			return nil
		}
		return e
	}
	x.begin(t)
	e := x.view.get(key, t.began)
	if _, read := x.keys[key]; !read {
		x.keys[key] = e
	}
	return e
}

// own is the newest pending write of a key, nil without one; the deletion of a range is
// one of each of its keys.
func (x *transaction) own(key string) *entry {
	for _, e := range slices.Backward(x.pending) {
		if e.touches(key) {
			return e
		}
	}
	return nil
}

// entries is what a loop over a range must yield: what the view has, with own writes upon it.
func (x *transaction) entries(r mantisdb.Range, now int64) []*entry {
	var all []*entry
	for _, e := range x.view.in(r, now) {
		if x.own(e.key) == nil {
			all = append(all, e)
		}
	}
	for _, e := range x.pending {
		if contains(r, e.key) && x.own(e.key) == e && !e.isDeletion() && !e.expired(now) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int {
		if r.Reverse {
			a, b = b, a
		}
		return strings.Compare(a.key, b.key)
	})
	return all
}

// scanned notes what a loop has read of a range: all, or up to the last key that it was
// told of if it was left early. If it was left at the last entry, it may have seen
// that nothing comes after.
func (x *transaction) scanned(r mantisdb.Range, all, told []*entry, early bool, now int64) {
	read := rangeRead{r: r, told: make(map[*entry]struct{})}
	if early {
		last := []byte(told[len(told)-1].key)
		if r.Reverse {
			read.r.Start = last
		} else {
			read.r.End = append(bytes.Clone(last), 0)
		}
	}
	read.most = read.r
	if len(told) == len(all) {
		read.most = r
	}
	read.saw = x.view.in(read.r, now)
	for _, e := range told {
		read.told[e] = struct{}{}
	}
	x.ranges = append(x.ranges, read)
}

// verdict is how a commit must end.
type verdict int

const (
	commits verdict = iota
	conflicts
	// either: what was read is as it was, but was written in between, or what has
	// changed was hidden by an own write. To refuse that is careful, not wrong.
	either
)

// judge tells how a commit must end by what was read.
func (x *transaction) judge(t *target) verdict {
	for key, read := range x.keys {
		if t.get(key) != read {
			return conflicts
		}
	}
	worst := commits
	for _, read := range x.ranges {
		switch x.judgeRange(t, read) {
		case conflicts:
			return conflicts
		case either:
			worst = either
		}
	}
	return worst
}

func (x *transaction) judgeRange(t *target, read rangeRead) verdict {
	same := commits
	is := t.state.in(read.r, t.began)
	for _, e := range read.saw {
		_, told := read.told[e]
		if e.expired(t.began) && !told {
			same = either
		} else if !slices.Contains(is, e) {
			return conflicts
		}
	}
	for _, e := range is {
		if e.written > x.viewed {
			return conflicts
		}
	}
	for key, write := range t.touched {
		if write > x.viewed && contains(read.most, key) {
			return either
		}
	}
	for _, deleted := range t.deletedRanges {
		if deleted.write > x.viewed && overlap(read.most, deleted.r) {
			return either
		}
	}
	return same
}
