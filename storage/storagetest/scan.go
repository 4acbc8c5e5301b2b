package storagetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var scanTests = []test{
	{"ScanBounds", testScanBounds},
	{"ScanPrefix", testScanPrefix},
	{"ScanOfNothing", testScanNothing},
	{"ScanOfManyEntries", testScanMany},
	{"ScanOfLargeEntries", testScanLarge},
	{"ScanOverDeleted", testScanOverDeleted},
	{"ScanLimit", testScanLimit},
	{"ScanLimitIsChecked", testScanLimitIsChecked},
	{"ScanOfOneMoment", testScanOfOneMoment},
}

// load stores entries in batches.
func load(t testing.TB, e storage.Engine, entries []entry) {
	t.Helper()
	var batch storage.Batch
	for _, en := range entries {
		ok(t, batch.Put([]byte(en.key), []byte(en.value), en.meta.ExpiresAt))
		if batch.Size() > 4<<20 {
			write(t, e, &batch)
			batch.Reset()
		}
	}
	write(t, e, &batch)
}

// selected is what a scan of sorted entries must yield.
func selected(sorted []entry, r storage.Range) []entry {
	var want []entry
	for _, en := range sorted {
		if r.Start != nil && en.key < string(r.Start) || r.End != nil && en.key >= string(r.End) {
			continue
		}
		if r.KeysOnly {
			en.value = ""
		}
		want = append(want, en)
	}
	if r.Reverse {
		slices.Reverse(want)
	}
	if r.Limit > 0 {
		want = want[:min(r.Limit, len(want))]
	}
	return want
}

// wantScans compares scans of a range in both directions, with and without
// values.
func wantScans(t testing.TB, s storage.Snapshot, sorted []entry, r storage.Range) {
	t.Helper()
	for _, r.Reverse = range []bool{false, true} {
		for _, r.KeysOnly = range []bool{false, true} {
			what := fmt.Sprintf("scan from %s to %s, reverse %v, keys only %v", bound(r.Start), bound(r.End), r.Reverse, r.KeysOnly)
			wantEntries(t, what, collect(t, s, r), selected(sorted, r))
		}
	}
}

func bound(p []byte) string {
	if p == nil {
		return "nil"
	}
	return show(p)
}

func testScanBounds(t *testing.T, b *bench) {
	e := b.engine(t)
	var sorted []entry
	for _, key := range []string{"\x00", "\x00\x00", "a", "a\x00", "aa", "ab", "b", "b\xff", "b\xff\xff", "c", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff"} {
		sorted = append(sorted, entry{key: key, value: "value of " + key})
	}
	load(t, e, sorted)
	s := snapshot(t, e)
	defer s.Close()
	bounds := [][]byte{nil, {}, []byte("aaa"), []byte("b\x00"), []byte("zz"), []byte("\xff\xff\xff"), []byte(strings.Repeat("b", 1000))}
	for _, en := range sorted {
		bounds = append(bounds, []byte(en.key))
	}
	for _, start := range bounds {
		for _, end := range bounds {
			wantScans(t, s, sorted, storage.Range{Start: start, End: end})
		}
	}
}

func testScanPrefix(t *testing.T, b *bench) {
	e := b.engine(t)
	keys := []string{"a", "ab", "ab\x00", "ab\xff", "ab\xff\xff", "ab\xff\xffz", "ac", "b", "\xfe", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff", "\xff\xffz"}
	var sorted []entry
	for _, key := range keys {
		sorted = append(sorted, entry{key: key, value: key})
	}
	slices.SortFunc(sorted, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	load(t, e, sorted)
	s := snapshot(t, e)
	defer s.Close()
	for _, prefix := range append(keys, "", "none", "abc", "\xff\xff\xff\xff") {
		var want []entry
		for _, en := range sorted {
			if strings.HasPrefix(en.key, prefix) {
				want = append(want, en)
			}
		}
		r := storage.Prefix([]byte(prefix))
		wantEntries(t, fmt.Sprintf("prefix %q", prefix), collect(t, s, r), want)
		r.Reverse = true
		slices.Reverse(want)
		wantEntries(t, fmt.Sprintf("prefix %q, reverse", prefix), collect(t, s, r), want)
	}
}

func testScanNothing(t *testing.T, b *bench) {
	e := b.engine(t)
	s := snapshot(t, e)
	defer s.Close()
	wantScans(t, s, nil, storage.Range{})
	wantScans(t, s, nil, storage.Range{Start: []byte("a"), End: []byte("z")})
}

// testScanMany crosses the page boundaries that an engine may have: it scans
// stores of about every power of two.
func testScanMany(t *testing.T, b *bench) {
	for _, n := range []int{1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097} {
		if b.onDisk && n < 1000 || testing.Short() && n > 1100 {
			continue
		}
		e := b.open(t, b.dir(t))
		var sorted []entry
		for i := range n {
			sorted = append(sorted, entry{key: fmt.Sprintf("key-%08d", i), value: strings.Repeat("x", i%50) + fmt.Sprint(i)})
		}
		load(t, e, sorted)
		s := snapshot(t, e)
		wantScans(t, s, sorted, storage.Range{})
		wantScans(t, s, sorted, storage.Range{Start: []byte(sorted[n/3].key), End: []byte(sorted[n-n/4-1].key)})
		ok(t, s.Close())
		ok(t, e.Close())
	}
}

// testScanLarge mixes entries larger than any page with tiny ones, and long
// keys with short ones.
func testScanLarge(t *testing.T, b *bench) {
	e := b.engine(t)
	var sorted []entry
	for i := range 60 {
		key, size := fmt.Sprintf("key-%04d", i), 10
		switch {
		case i%20 == 7:
			size = 3 << 20
		case i%3 == 0:
			size = 70 << 10
		case i%5 == 0:
			key += string(filler(storage.MaxKeyLen-len(key), uint64(i)))
		}
		sorted = append(sorted, entry{key: key, value: string(filler(size, uint64(i)))})
	}
	load(t, e, sorted)
	s := snapshot(t, e)
	defer s.Close()
	wantScans(t, s, sorted, storage.Range{})
	wantScans(t, s, sorted, storage.Range{Start: []byte("key-0007"), End: []byte("key-0028")})
}

func testScanOverDeleted(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(10_000)
	var all, left []entry
	for i := range n {
		en := entry{key: fmt.Sprintf("key-%08d", i), value: fmt.Sprint(i)}
		all = append(all, en)
		// Single deletions at first, then one long gap.
		if i%3 == 0 && (i < n/3 || i > n-50) {
			left = append(left, en)
		}
	}
	load(t, e, all)
	var batch storage.Batch
	for i := range n {
		if !(i%3 == 0 && (i < n/3 || i > n-50)) {
			ok(t, batch.Delete([]byte(all[i].key)))
		}
	}
	write(t, e, &batch)
	s := snapshot(t, e)
	defer s.Close()
	wantScans(t, s, left, storage.Range{})
	wantScans(t, s, left, storage.Range{Start: []byte(all[n/4].key)})
}

// testScanLimit lets scans end within and behind pages, over entries that a scan passes
// over, and at the last one that there is.
func testScanLimit(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(4000)
	var all, left []entry
	for i := range n {
		en := entry{key: fmt.Sprintf("key-%08d", i), value: strings.Repeat("x", i%200)}
		if i == n/5 {
			en.value = string(filler(300<<10, 1)) // more than a page
		}
		isExpired, isDeleted, isInRange := i%7 == 3, i%5 == 2, i >= n/2 && i < n/2+n/10
		if isExpired {
			en.meta.ExpiresAt = 1
		}
		all = append(all, en)
		if !isExpired && !isDeleted && !isInRange {
			left = append(left, en)
		}
	}
	load(t, e, all)
	var batch storage.Batch
	for i := 2; i < n; i += 5 {
		ok(t, batch.Delete([]byte(all[i].key)))
	}
	ok(t, batch.DeleteRange([]byte(all[n/2].key), []byte(all[n/2+n/10].key)))
	write(t, e, &batch)
	s := snapshot(t, e)
	defer s.Close()
	for _, r := range []storage.Range{
		{},
		{Reverse: true},
		{KeysOnly: true},
		{Start: []byte(all[n/3].key), End: []byte(all[n-n/4].key)},
		{Start: []byte(all[n/3].key), End: []byte(all[n-n/4].key), Reverse: true},
		{Start: []byte("z")},
	} {
		want := selected(left, r)
		for _, r.Limit = range []int{1, 2, 50, 1000, len(want) - 1, len(want), len(want) + 1, math.MaxInt} {
			if r.Limit < 1 {
				continue
			}
			what := fmt.Sprintf("scan from %s to %s, reverse %v, of %d of %d", bound(r.Start), bound(r.End), r.Reverse, r.Limit, len(want))
			some := selected(left, r)
			before := stats(t, e).ScanKeys
			wantEntries(t, what, collectNow(t, e, r), some)
			if read := stats(t, e).ScanKeys - before; read != uint64(len(some)) {
				t.Fatalf("%s: %d entries were read", what, read)
			}
			wantEntries(t, what+" at a snapshot", collect(t, s, r), some)
		}
	}
	if open := stats(t, e).OpenSnapshots; open != 1 {
		t.Fatalf("%d snapshots are open behind the scans, want that of the test", open)
	}
}

func testScanLimitIsChecked(t *testing.T, b *bench) {
	e := b.engine(t)
	s := snapshot(t, e)
	defer s.Close()
	_, err := e.Scan(storage.Range{Limit: -1})
	wantErr(t, "a scan with a negative limit", err, storage.ErrInvalidOptions)
	_, err = s.Scan(storage.Range{Limit: -1})
	wantErr(t, "one at a snapshot", err, storage.ErrInvalidOptions)
	_, err = e.Watch(storage.Range{Limit: 1}, 0)
	wantErr(t, "a watch with a limit", err, storage.ErrInvalidOptions)
}

// testScanOfOneMoment changes every entry while a scan of many pages is under way.
func testScanOfOneMoment(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(5000)
	var sorted []entry
	for i := range n {
		sorted = append(sorted, entry{key: fmt.Sprintf("key-%06d", i), value: string(filler(64, uint64(i)))})
	}
	load(t, e, sorted)
	c, err := e.Scan(storage.Range{})
	ok(t, err)
	deleteRange(t, e, "", "key-000100")
	for _, en := range sorted[100:] {
		put(t, e, en.key, "later")
	}
	wantEntries(t, "the state of the scan's beginning", drain(t, c, storage.Range{}), sorted)
	if open := stats(t, e).OpenSnapshots; open != 0 {
		t.Fatalf("%d snapshots are open behind the scan", open)
	}
}
