package storagetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var writeIfTests = []test{
	{"WriteIfAppliesOrRefuses", testWriteIf},
	{"WriteIfChecksRanges", testWriteIfRanges},
	{"WriteIfSeesExpiry", testWriteIfExpiry},
	{"WriteIfRefusesBadCalls", testWriteIfRefuses},
	{"WriteIfLosesNoUpdate", testWriteIfLostUpdate},
	{"WriteIfKeepsASum", testWriteIfSum},
	{"WriteIfFindsPhantoms", testWriteIfPhantoms},
}

// transaction is a snapshot with what is read and written.
type transaction struct {
	t      testing.TB
	snap   storage.Snapshot
	reads  storage.ReadSet
	writes storage.Batch
}

func begin(t testing.TB, e storage.Engine) *transaction {
	return &transaction{t: t, snap: snapshot(t, e)}
}

func (x *transaction) read(key string) string {
	value, meta, err := x.snap.AppendGetMeta(nil, []byte(key))
	if err != nil && err != storage.ErrNotFound {
		x.t.Error(err)
	}
	if err := x.reads.AddKey([]byte(key), meta); err != nil {
		x.t.Error(err)
	}
	return string(value)
}

func (x *transaction) put(key, value string) {
	if err := x.writes.Put([]byte(key), []byte(value), 0); err != nil {
		x.t.Error(err)
	}
}

func (x *transaction) commit() (uint64, error) {
	defer x.snap.Close()
	return x.snap.WriteIf(&x.writes, &x.reads, storage.WriteOptions{})
}

// commits tells whether a transaction was committed, or met a conflict. Anything else
// fails the test.
func (x *transaction) commits() bool {
	_, err := x.commit()
	if err != nil && !errors.Is(err, storage.ErrConflict) {
		x.t.Error(err)
	}
	return err == nil
}

// testWriteIf begins a transaction that reads one key and writes another, changes
// something, and commits.
func testWriteIf(t *testing.T, b *bench) {
	type change func(e storage.Engine)
	none := func(storage.Engine) {}
	for name, c := range map[string]struct {
		before, change change
		conflict       bool
	}{
		"nothing":         {none, none, false},
		"another key":     {none, func(e storage.Engine) { put(t, e, "other", "v") }, false},
		"the written key": {none, func(e storage.Engine) { put(t, e, "written", "other") }, false},
		"a new value":     {none, func(e storage.Engine) { put(t, e, "read", "v") }, true},
		"an overwritten value": {
			func(e storage.Engine) { put(t, e, "read", "v") },
			func(e storage.Engine) { put(t, e, "read", "w") }, true,
		},
		"the same value again": {
			func(e storage.Engine) { put(t, e, "read", "v") },
			func(e storage.Engine) { put(t, e, "read", "v") }, true,
		},
		"a deleted value": {
			func(e storage.Engine) { put(t, e, "read", "v") },
			func(e storage.Engine) { remove(t, e, "read") }, true,
		},
		"the deletion of nothing": {none, func(e storage.Engine) { remove(t, e, "read") }, false},
		"an incremented value": {
			func(e storage.Engine) { put(t, e, "read", "1") },
			func(e storage.Engine) { modify(t, e, "read", increment(1), 0) }, true,
		},
		"a compaction": {
			func(e storage.Engine) { put(t, e, "read", "v") },
			func(e storage.Engine) { ok(t, e.Compact()) }, false,
		},
		"a change and a compaction": {
			func(e storage.Engine) { put(t, e, "read", "v") },
			func(e storage.Engine) { put(t, e, "read", "w"); ok(t, e.Compact()) }, true,
		},
	} {
		e := b.engine(t)
		c.before(e)
		x := begin(t, e)
		x.read("read")
		x.put("written", "mine")
		x.put("written too", "mine")
		c.change(e)
		version, err := x.commit()
		if c.conflict {
			wantErr(t, name, err, storage.ErrConflict)
			wantAbsent(t, e, "written too")
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantValue(t, e, "written", "mine")
		wantValue(t, e, "written too", "mine")
		if last := stats(t, e).LastVersion; last != version {
			t.Fatalf("%s: version %d was returned, the last is %d", name, version, last)
		}
	}
}

func testWriteIfRanges(t *testing.T, b *bench) {
	bytes := func(s string) []byte {
		if s == "" {
			return nil
		}
		return []byte(s)
	}
	for name, c := range map[string]struct {
		start, end string
		change     func(e storage.Engine)
		conflict   bool
	}{
		"nothing":              {"b", "d", func(storage.Engine) {}, false},
		"a key before":         {"b", "d", func(e storage.Engine) { put(t, e, "azz", "v") }, false},
		"a key behind":         {"b", "d", func(e storage.Engine) { put(t, e, "d", "v") }, false},
		"a new first key":      {"b", "d", func(e storage.Engine) { put(t, e, "b", "v") }, true},
		"a new last key":       {"b", "d", func(e storage.Engine) { put(t, e, "czz", "v") }, true},
		"an overwritten value": {"b", "d", func(e storage.Engine) { put(t, e, "c", "v") }, true},
		"a deleted value":      {"b", "d", func(e storage.Engine) { remove(t, e, "c") }, true},
		"a batch":              {"b", "d", func(e storage.Engine) { put(t, e, "a", "x"); put(t, e, "bb", "x") }, true},
		"below an end":         {"", "b", func(e storage.Engine) { put(t, e, "\x00", "v") }, true},
		"above a start":        {"d", "", func(e storage.Engine) { put(t, e, "\xff\xff", "v") }, true},
		"all":                  {"", "", func(e storage.Engine) { remove(t, e, "c") }, true},
		"an empty range":       {"d", "b", func(e storage.Engine) { put(t, e, "c", "v") }, false},
		"after a compaction":   {"b", "d", func(e storage.Engine) { put(t, e, "c", "v"); ok(t, e.Compact()) }, true},
	} {
		e := b.engine(t)
		put(t, e, "a", "1")
		put(t, e, "c", "1")
		x := begin(t, e)
		ok(t, x.reads.AddRange(bytes(c.start), bytes(c.end), 0))
		x.put("written", "mine")
		c.change(e)
		_, err := x.commit()
		switch {
		case c.conflict:
			wantErr(t, name, err, storage.ErrConflict)
			wantAbsent(t, e, "written")
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func testWriteIfExpiry(t *testing.T, b *bench) {
	e := b.engine(t)
	soon := inMillis(100)
	putExpiring(t, e, "k", "v", soon)
	point, ranged, absent := begin(t, e), begin(t, e), begin(t, e)
	if point.read("k") != "v" {
		t.Skip("it took a tenth of a second to come here")
	}
	ok(t, ranged.reads.AddRange([]byte("a"), []byte("z"), soon))
	waitPast(soon)
	absent.read("k")
	for name, x := range map[string]*transaction{"a key": point, "a range": ranged} {
		x.put("written", "mine")
		_, err := x.commit()
		wantErr(t, "the expiry of "+name, err, storage.ErrConflict)
	}
	absent.put("written", "mine")
	if _, err := absent.commit(); err != nil {
		t.Fatalf("a value that had expired when it was read: %v", err)
	}
}

func testWriteIfRefuses(t *testing.T, b *bench) {
	e := b.engine(t)
	s := snapshot(t, e)
	var empty, batch storage.Batch
	var reads storage.ReadSet
	ok(t, reads.AddKey([]byte("k"), storage.Meta{Version: 7}))
	if version, err := s.WriteIf(&empty, &reads, storage.WriteOptions{}); err != nil || version != 0 {
		t.Fatalf("a batch without operations: %d, %v", version, err)
	}
	ok(t, batch.Put([]byte("k"), nil, 0))
	_, err := s.WriteIf(&batch, &storage.ReadSet{}, storage.WriteOptions{ExpiresAt: 1})
	wantErr(t, "an expiry", err, storage.ErrInvalidOptions)
	_, err = s.WriteIf(&batch, &storage.ReadSet{}, storage.WriteOptions{Durability: 99})
	wantErr(t, "an unknown durability", err, storage.ErrInvalidOptions)
	wantErr(t, "an empty key", reads.AddKey(nil, storage.Meta{}), storage.ErrKeyEmpty)
	ok(t, s.Close())
	_, err = s.WriteIf(&batch, &storage.ReadSet{}, storage.WriteOptions{})
	wantErr(t, "a closed snapshot", err, storage.ErrClosed)
	wantAbsent(t, e, "k")
}

// testWriteIfLostUpdate counts one number up by reading and writing it.
func testWriteIfLostUpdate(t *testing.T, b *bench) {
	e := b.engine(t)
	const counters = 6
	rounds := b.rounds(500, 60)
	var wg sync.WaitGroup
	for range counters {
		wg.Go(func() {
			for done := 0; done < rounds; {
				x := begin(t, e)
				n, _ := strconv.Atoi(x.read("n"))
				x.put("n", strconv.Itoa(n+1))
				if x.commits() {
					done++
				} else if t.Failed() {
					return
				}
			}
		})
	}
	wg.Wait()
	wantValue(t, e, "n", strconv.Itoa(counters*rounds))
}

// testWriteIfSum moves amounts between accounts; the sum in any snapshot stays.
func testWriteIfSum(t *testing.T, b *bench) {
	e := b.engine(t)
	const accounts, each = 10, 100
	name := func(i int) string { return fmt.Sprintf("account-%d", i) }
	for i := range accounts {
		put(t, e, name(i), strconv.Itoa(each))
	}
	rounds := b.rounds(600, 60)
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			for i := range rounds {
				x := begin(t, e)
				from, to := name((worker+i)%accounts), name((worker*3+i*7+1)%accounts)
				a, _ := strconv.Atoi(x.read(from))
				b, _ := strconv.Atoi(x.read(to))
				if from == to || a == 0 {
					x.snap.Close()
					continue
				}
				x.put(from, strconv.Itoa(a-1))
				x.put(to, strconv.Itoa(b+1))
				if _, err := x.commit(); err != nil && err != storage.ErrConflict {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		sum := 0
		for _, entry := range collectNow(t, e, storage.Prefix([]byte("account-"))) {
			n, err := strconv.Atoi(entry.value)
			ok(t, err)
			sum += n
		}
		if sum != accounts*each {
			t.Fatalf("the sum is %d, want %d", sum, accounts*each)
		}
	}
}

// testWriteIfPhantoms has each transaction count the entries of a range and add one
// whose key is that count: if two counted the same, one would be lost.
func testWriteIfPhantoms(t *testing.T, b *bench) {
	e := b.engine(t)
	const workers = 4
	rounds := b.rounds(150, 40)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				x := begin(t, e)
				r := storage.Prefix([]byte("entry-"))
				if err := x.reads.AddRange(r.Start, r.End, 0); err != nil {
					t.Error(err)
				}
				n := 0
				cursor, err := x.snap.Scan(r)
				if err != nil {
					t.Error(err)
					return
				}
				for cursor.Next() {
					n++
				}
				cursor.Close()
				x.put(fmt.Sprintf("entry-%06d", n), "v")
				if x.commits() {
					done++
				} else if t.Failed() {
					return
				}
			}
		})
	}
	wg.Wait()
	if n := len(collectNow(t, e, storage.Prefix([]byte("entry-")))); n != workers*rounds {
		t.Fatalf("%d entries, want %d", n, workers*rounds)
	}
}
