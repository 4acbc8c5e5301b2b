package metamorphic

import (
	"strings"

	"github.com/mantisdb/mantisdb"
)

var scanKinds = []kind{
	{"scan", 30, (*generator).scan, runScan},
	{"scan-and-put", 6, (*generator).scanAndPut, runScanAndPut},
	{"verify", 1, (*generator).nothing, runVerify},
}

// scanned is an entry as a loop has yielded it.
type scanned struct {
	key, value string
	hasValue   bool
	meta       mantisdb.Meta
}

// walk loops over a scan in the way that an operation says, and calls between after
// each entry.
func (t *target) walk(s *mantisdb.Scan, o *Op, between func()) (found []scanned, err error) {
	more := func(key, value []byte, m mantisdb.Meta) bool {
		found = append(found, scanned{string(key), string(value), value != nil, m})
		between()
		return o.Most == 0 || len(found) < o.Most
	}
	if o.Mode == "entries" {
		for e := range s.Entries() {
			if !more(e.Key, e.Value, e.Meta) {
				break
			}
		}
	} else {
		for key, value := range s.All() {
			if !more(key, value, mantisdb.Meta{}) {
				break
			}
		}
	}
	return found, s.Err()
}

// first are the entries that a loop sees.
func (o *Op) first(all []*entry) []*entry {
	if o.Most != 0 && len(all) > o.Most {
		return all[:o.Most]
	}
	return all
}

// compareScan compares what a loop has yielded with what it must, and says it.
func (t *target) compareScan(o *Op, found []scanned, want []*entry) {
	for i, got := range found {
		t.said = append(append(append(t.said, got.key...), '='), got.value...)
		if i >= len(want) {
			t.fail("the scan found %s, want nothing more after %d entries", show(got.key), len(want))
			return
		}
		e := want[i]
		if !t.check(got.key == e.name(), "the scan's entry %d is %s, want %s", i, show(got.key), show(e.name())) {
			return
		}
		t.check(got.hasValue == !o.KeysOnly, "the scan of keys only: %v gave %s a value: %v", o.KeysOnly, show(e.key), got.hasValue)
		t.check(o.KeysOnly || got.value == e.value, "the scan found %s = %s, want %s", show(e.key), show(got.value), show(e.value))
		if o.Mode == "entries" {
			t.learn("in the scan, "+show(e.key), e, got.meta)
		}
	}
	if len(found) < len(want) {
		t.fail("the scan found %d entries, want %d: there is no %s", len(found), len(want), show(want[len(found)].key))
	}
}

// rangeOf is the range that an operation says. That of a prefix must hold the keys that
// begin with it, and no others.
func (t *target) rangeOf(o *Op) mantisdb.Range {
	r := o.scanRange()
	if o.Prefix != nil {
		prefix := o.Prefix.Text()
		for _, e := range t.state.entries {
			t.check(contains(r, e.name()) == strings.HasPrefix(e.name(), prefix), "the range of the prefix %s holds %s: %v",
				show(prefix), show(e.name()), contains(r, e.name()))
		}
	}
	return r
}

func runScan(t *target, o *Op) { t.scanAndPut(o, func() {}) }

// runScanAndPut puts a value in the middle of the loop, which must not see it.
func runScanAndPut(t *target, o *Op) {
	t.scanAndPut(o, func() {
		if t.err("Put in a loop", t.in(o).Put(o.Key.Bytes(), o.Value.Bytes()), t.invalid(o)) {
			t.set(t.newEntry(o))
		}
	})
}

func (t *target) scanAndPut(o *Op, put func()) {
	r := t.rangeOf(o)
	want := o.first(t.state.in(t.space(o).span(r), t.began))
	count := 0
	found, err := t.walk(t.in(o).Scan(r), o, func() {
		if count++; count == 1 {
			put()
		}
	})
	t.err("Scan", err, t.spaceOf(o, t.db))
	t.compareScan(o, found, want)
}

// runVerify compares everything.
func runVerify(t *target, _ *Op) {
	t.settleFor(soon)
	t.verify(t.db, &t.state)
	t.versionsInOrder()
}

// verify compares all that a database has with a state: the keyspaces, what is in each,
// and the applied index.
func (t *target) verify(db *mantisdb.DB, s *state) {
	t.compareKeyspaces(db)
	t.verifyKeyspace(db, t.spaces[""], s)
	for _, name := range t.names() {
		real, err := db.Keyspace(name)
		if t.err("Keyspace", err, nil) {
			t.verifyKeyspace(real, t.spaces[name], s)
		}
	}
	t.compareIndex(db, s)
}

func (t *target) verifyKeyspace(from reader, in *space, s *state) {
	all := &Op{Mode: "entries"}
	found, err := t.walk(from.Scan(mantisdb.Range{}), all, func() {})
	t.err("Scan", err, nil)
	want := s.in(in.span(mantisdb.Range{}), t.began)
	t.compareScan(all, found, want)
	for _, e := range want {
		value, err := from.Get([]byte(e.name()))
		t.err("Get", err, nil)
		t.value("Get of "+show(e.key), value, e)
	}
}
