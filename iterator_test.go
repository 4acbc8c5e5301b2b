package mantisdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// iteratorModel is a slice that is walked as an iterator walks a range.
type iteratorModel struct {
	keys [][]byte // of the range, in its direction
	at   int      // -1 before the first, len(keys) behind the last
}

func newIteratorModel(sorted [][]byte, r mantisdb.Range) *iteratorModel {
	m := &iteratorModel{at: -1}
	for _, key := range sorted {
		if r.Contains(key) {
			m.keys = append(m.keys, key)
		}
	}
	if r.Reverse {
		slices.Reverse(m.keys)
	}
	return m
}

func (m *iteratorModel) valid() bool { return m.at >= 0 && m.at < len(m.keys) }

func (m *iteratorModel) step(by int) bool {
	m.at = max(-1, min(len(m.keys), m.at+by))
	return m.valid()
}

func (m *iteratorModel) seek(key []byte, reverse bool) bool {
	m.at = slices.IndexFunc(m.keys, func(k []byte) bool {
		order := bytes.Compare(k, key)
		return order >= 0 && !reverse || order <= 0 && reverse
	})
	if m.at < 0 {
		m.at = len(m.keys)
	}
	return m.valid()
}

// wantIterator walks an iterator and the model at random.
func wantIterator(t *testing.T, it *mantisdb.Iterator, sorted [][]byte, r mantisdb.Range, random *rand.Rand) {
	t.Helper()
	defer func() { ok(t, it.Close()) }()
	m := newIteratorModel(sorted, r)
	history := ""
	for range 60 {
		var got, want bool
		switch random.IntN(8) {
		case 0:
			history += " First"
			m.at = -1
			got, want = it.First(), m.step(1)
		case 1:
			history += " Last"
			m.at = len(m.keys)
			got, want = it.Last(), m.step(-1)
		case 2:
			key := awkwardKeys[random.IntN(len(awkwardKeys))]
			if random.IntN(4) == 0 {
				key = nil
			}
			history += fmt.Sprintf(" Seek(%.10q)", key)
			got, want = it.Seek(key), m.seek(key, r.Reverse)
		case 3, 4:
			history += " Prev"
			got, want = it.Prev(), m.step(-1)
		default:
			history += " Next"
			got, want = it.Next(), m.step(1)
		}
		if it.Err() != nil || got != want || it.Valid() != want {
			t.Fatalf("%.20q to %.20q, reverse %v:%s: %v, %v, want %v", r.Start, r.End, r.Reverse, history, got, it.Err(), want)
		}
		if !want {
			if it.Key() != nil || it.Value() != nil {
				t.Fatalf("%s: without an entry the key is %q", history, it.Key())
			}
			continue
		}
		if key := m.keys[m.at]; !bytes.Equal(it.Key(), key) || !r.KeysOnly && string(it.Value()) != valueOf(key) || r.KeysOnly && it.Value() != nil {
			t.Fatalf("%.20q to %.20q, reverse %v:%s: %.20q=%.20q, want %.20q", r.Start, r.End, r.Reverse, history, it.Key(), it.Value(), key)
		}
	}
}

func valueOf(key []byte) string { return fmt.Sprintf("value of %.20x, %d", key, len(key)) }

func TestIterator(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		random := rand.New(rand.NewPCG(5, 1))
		named := createKeyspace(t, db, "ks", mantisdb.KeyspaceOptions{})
		sorted := slices.SortedFunc(slices.Values(awkwardKeys), bytes.Compare)
		for _, ks := range []*mantisdb.Keyspace{db.DefaultKeyspace(), named} {
			for i, key := range sorted {
				if i%3 != 0 { // the others are the transaction's below
					ok(t, ks.Put(key, []byte(valueOf(key))))
				}
			}
		}
		snap, err := db.Snapshot()
		ok(t, err)
		defer snap.Close()
		tx := db.Begin(true)
		defer tx.Discard()
		var stored, all [][]byte
		for i, key := range sorted {
			if i%3 != 0 {
				stored = append(stored, key)
			}
			if i%3 == 1 { // hides
				ok(t, errors.Join(tx.Delete(key), tx.In(named).Delete(key)))
				continue
			}
			all = append(all, key)
			if i%3 == 0 {
				value := []byte(valueOf(key))
				ok(t, errors.Join(tx.Put(key, value), tx.In(named).Put(key, value)))
			}
		}
		for range 150 {
			r := mantisdb.Range{Reverse: random.IntN(2) == 0, KeysOnly: random.IntN(4) == 0}
			if random.IntN(2) == 0 {
				r.Start = awkwardKeys[random.IntN(len(awkwardKeys))]
			}
			if random.IntN(2) == 0 {
				r.End = awkwardKeys[random.IntN(len(awkwardKeys))]
			}
			wantIterator(t, db.Iterator(r), stored, r, random)
			wantIterator(t, named.Iterator(r), stored, r, random)
			wantIterator(t, snap.Iterator(r), stored, r, random)
			wantIterator(t, snap.In(named).Iterator(r), stored, r, random)
			wantIterator(t, tx.Iterator(r), all, r, random)
			wantIterator(t, tx.In(named).Iterator(r), all, r, random)
		}
		if n := openSnapshots(t, db); n != 2 {
			t.Errorf("%d snapshots are open, want that of the test and the transaction's", n)
		}
	})
}

// TestIteratorIsStable: what is written and deleted meanwhile does not show, whatever the
// iterator does.
func TestIteratorIsStable(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 100)
		it := db.Iterator(mantisdb.Range{})
		defer it.Close()
		if !it.First() {
			t.Fatal(it.Err())
		}
		first := bytes.Clone(it.Key())
		ok(t, db.DeleteRange(mantisdb.Range{}))
		put(t, db, 10)
		ok(t, db.Put([]byte("zzz"), nil))
		n := 1
		for it.Next() {
			n++
		}
		if n != 100 || it.Err() != nil {
			t.Errorf("the iterator yields %d entries, %v", n, it.Err())
		}
		if !it.Seek(first) || !bytes.Equal(it.Key(), first) {
			t.Errorf("Seek moved to %q, %v", it.Key(), it.Err())
		}
		if !it.Last() || string(it.Key()) == "zzz" {
			t.Errorf("Last moved to %q, %v", it.Key(), it.Err())
		}
	})
}

func TestIteratorEnds(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 10)
		it := db.Iterator(mantisdb.Range{})
		if !it.Next() {
			t.Fatal(it.Err())
		}
		ok(t, it.Close())
		ok(t, it.Close())
		if it.Next() || it.Seek(nil) || it.Valid() || it.Key() != nil {
			t.Error("a closed iterator moves")
		}
		wantErr(t, "Err of a closed iterator", it.Err(), mantisdb.ErrClosed)

		tx := db.Begin(true)
		it = tx.Iterator(mantisdb.Range{})
		if !it.Next() {
			t.Fatal(it.Err())
		}
		tx.Discard()
		if it.Next() {
			t.Error("an iterator outlives its transaction")
		}
		wantErr(t, "Err after the transaction", it.Err(), mantisdb.ErrTxDone)
		ok(t, it.Close())

		it = db.Iterator(mantisdb.Range{})
		ok(t, db.Close())
		if it.Next() {
			t.Error("an iterator outlives its database")
		}
		wantErr(t, "Err after the database", it.Err(), mantisdb.ErrClosed)
		ok(t, it.Close())
		late := db.Iterator(mantisdb.Range{})
		if late.First() {
			t.Error("a closed database is walked")
		}
		wantErr(t, "Err", late.Err(), mantisdb.ErrClosed)
		ok(t, late.Close())
	})
}

// TestTxIteratorIsValidated: a commit fails if what an iterator told has changed, and
// does not if only something else has.
func TestTxIteratorIsValidated(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put := func(key string) { mustPut(t, db, key, "v") }
		for _, c := range []struct {
			what     string
			move     func(it *mantisdb.Iterator)
			change   string
			conflict bool
		}{
			{"Seek and a phantom before what it found", func(it *mantisdb.Iterator) { it.Seek([]byte("b")) }, "b5", true},
			{"Seek and a change of what it found", func(it *mantisdb.Iterator) { it.Seek([]byte("b")) }, "c", true},
			{"Seek and a change behind", func(it *mantisdb.Iterator) { it.Seek([]byte("b")) }, "d", false},
			{"Seek and a change before", func(it *mantisdb.Iterator) { it.Seek([]byte("b")) }, "a", false},
			{"Seek in vain", func(it *mantisdb.Iterator) { it.Seek([]byte("x")) }, "y", true},
			{"Prev", func(it *mantisdb.Iterator) { it.Seek([]byte("e")); it.Prev() }, "c5", false},
			{"Prev and a phantom", func(it *mantisdb.Iterator) { it.Seek([]byte("e")); it.Prev(); it.Prev() }, "c5", true},
			{"a turn", func(it *mantisdb.Iterator) { it.First(); it.Next(); it.Prev(); it.Last() }, "a5", true},
			{"Last", func(it *mantisdb.Iterator) { it.Last() }, "f", true},
			{"Last and a change before", func(it *mantisdb.Iterator) { it.Last() }, "d5", false},
		} {
			ok(t, db.DeleteRange(mantisdb.Range{}))
			for _, key := range []string{"a", "c", "d", "e"} {
				put(key)
			}
			tx := db.Begin(true)
			it := tx.Iterator(mantisdb.Range{})
			c.move(it)
			put(c.change)
			ok(t, tx.Put([]byte("result"), nil))
			err := tx.Commit() // with the iterator open
			ok(t, it.Close())
			if c.conflict != errors.Is(err, mantisdb.ErrConflict) || !c.conflict && err != nil {
				t.Errorf("%s: a change of %q gives %v, want a conflict: %v", c.what, c.change, err, c.conflict)
			}
		}
	})
}
