package storagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

var watchTests = []test{
	{"WatchDeliversEveryKindOfWrite", testWatchKinds},
	{"WatchDeliversDeletedRanges", testWatchDeletedRanges},
	{"WatchSelects", testWatchSelects},
	{"WatchBeginsAnywhere", testWatchFrom},
	{"WatchOfThePast", testWatchPast},
	{"WatchAgreesWithTheState", testWatchModel},
	{"WatchLosesNothingBesideASnapshot", testWatchBesideSnapshot},
	{"WatchIsWoken", testWatchWoken},
	{"WatchEnds", testWatchEnds},
	{"WatchContext", testWatchContext},
	{"WatchTooSlow", testWatchSlow},
	{"WatchRefuses", testWatchRefuses},
}

// change is a storage.Change that owns its bytes.
type change struct {
	kind      storage.OpKind
	key       string
	value     string
	end       string
	expiresAt int64
	version   uint64
}

func ownChange(c storage.Change) change {
	return change{c.Kind, string(c.Key), string(c.Value), string(c.End), c.ExpiresAt, c.Version}
}

func watch(t testing.TB, e storage.Engine, r storage.Range, from uint64) storage.Feed {
	t.Helper()
	f, err := e.Watch(r, from)
	ok(t, err)
	t.Cleanup(func() { ok(t, f.Close()) })
	return f
}

// nextChange waits for a change.
func nextChange(t testing.TB, f storage.Feed) change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := f.Next(ctx)
	ok(t, err)
	return ownChange(c)
}

// wantChanges compares what comes next.
func wantChanges(t testing.TB, f storage.Feed, want ...change) {
	t.Helper()
	for i, w := range want {
		if got := nextChange(t, f); got != w {
			t.Fatalf("change %d is %+v, want %+v", i, got, w)
		}
	}
}

// wantNoChange checks that nothing comes for now.
func wantNoChange(t testing.TB, f storage.Feed) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	c, err := f.Next(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Next = %+v, %v, want nothing", ownChange(c), err)
	}
}

func putOf(version uint64, key, value string) change {
	return change{kind: storage.OpPut, key: key, value: value, version: version}
}

func deleteOf(version uint64, key string) change {
	return change{kind: storage.OpDelete, key: key, version: version}
}

func testWatchKinds(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "before", "")
	f := watch(t, e, storage.Range{}, 0)
	wantNoChange(t, f)
	far := inMillis(3_600_000)

	version := putExpiring(t, e, "a", "1", far)
	if f.From() > version {
		t.Fatalf("From = %d, and the next write has version %d", f.From(), version)
	}
	wantChanges(t, f, change{kind: storage.OpPut, key: "a", value: "1", expiresAt: far, version: version})
	version = remove(t, e, "a")
	wantChanges(t, f, deleteOf(version, "a"))
	for _, key := range []string{"a", "never"} { // there is nothing to delete
		version = remove(t, e, key)
		wantChanges(t, f, deleteOf(version, key))
	}

	var batch storage.Batch
	ok(t, batch.Put([]byte("b"), []byte("2"), 0))
	ok(t, batch.Delete([]byte("c")))
	ok(t, batch.Put([]byte("b"), nil, 0))
	version, err := e.Write(&batch, storage.WriteOptions{})
	ok(t, err)
	wantChanges(t, f, putOf(version-2, "b", "2"), deleteOf(version-1, "c"), putOf(version, "b", ""))

	for _, stored := range []bool{true, false} {
		version, got, err := e.PutIfAbsent([]byte("d"), []byte("3"), storage.WriteOptions{})
		ok(t, err)
		if got != stored {
			t.Fatalf("PutIfAbsent stored: %v", got)
		}
		if stored {
			wantChanges(t, f, putOf(version, "d", "3"))
		}
	}
	for _, m := range []struct {
		storage.Modification
		value string
	}{
		{storage.Modification{Kind: storage.Increment, By: 41}, "41"},
		{storage.Modification{Kind: storage.Append, Value: []byte("0")}, "410"},
		{storage.Modification{Kind: storage.CompareValue, Expected: []byte("other"), Value: []byte("x")}, ""},
		{storage.Modification{Kind: storage.CompareValue, Expected: []byte("410"), Value: []byte("y")}, "y"},
		{storage.Modification{Kind: storage.Exchange, Value: []byte("z")}, "z"},
	} {
		_, done, err := e.Modify(nil, []byte("n"), m.Modification, storage.WriteOptions{})
		ok(t, err)
		if m.value != "" {
			wantChanges(t, f, putOf(done.Version, "n", m.value))
		}
	}
	_, done, err := e.Modify(nil, []byte("n"), storage.Modification{Kind: storage.Expire}, storage.WriteOptions{ExpiresAt: far})
	ok(t, err)
	wantChanges(t, f, change{kind: storage.OpPut, key: "n", value: "z", expiresAt: far, version: done.Version})
	_, done, err = e.Modify(nil, []byte("n"), storage.Modification{Kind: storage.Take}, storage.WriteOptions{})
	ok(t, err)
	wantChanges(t, f, deleteOf(done.Version, "n"))
	_, _, err = e.Modify(nil, []byte("n"), storage.Modification{Kind: storage.Take}, storage.WriteOptions{})
	ok(t, err)

	s := snapshot(t, e)
	defer s.Close()
	var reads storage.ReadSet
	version, err = s.WriteIf(&batch, &reads, storage.WriteOptions{})
	ok(t, err)
	wantChanges(t, f, putOf(version-2, "b", "2"), deleteOf(version-1, "c"), putOf(version, "b", ""))

	// An expiry is no change, also once it was reclaimed.
	soon := inMillis(20)
	version = putExpiring(t, e, "s", "", soon)
	wantChanges(t, f, change{kind: storage.OpPut, key: "s", expiresAt: soon, version: version})
	waitPast(soon)
	wantAbsent(t, e, "s")
	wantNoChange(t, f)
}

func testWatchDeletedRanges(t *testing.T, b *bench) {
	e := b.engine(t)
	all := watch(t, e, storage.Range{}, 0)
	part := watch(t, e, storage.Range{Start: []byte("d"), End: []byte("m")}, 0)
	deleteRange := func(start, end []byte) uint64 {
		var batch storage.Batch
		ok(t, batch.DeleteRange(start, end))
		version, err := e.Write(&batch, storage.WriteOptions{})
		ok(t, err)
		return version
	}
	of := func(version uint64, start, end string) change {
		return change{kind: storage.OpDeleteRange, key: start, end: end, version: version}
	}
	for _, r := range []struct{ start, end, clippedStart, clippedEnd string }{
		{"e", "f", "e", "f"},
		{"a", "f", "d", "f"},
		{"f", "z", "f", "m"},
		{"", "", "d", "m"},
		{"", "e", "d", "e"},
		{"a", "b", "", ""},
		{"m", "z", "", ""},
	} {
		end := []byte(r.end)
		if r.end == "" {
			end = nil
		}
		version := deleteRange([]byte(r.start), end)
		wantChanges(t, all, of(version, r.start, r.end))
		if r.clippedEnd != "" {
			wantChanges(t, part, of(version, r.clippedStart, r.clippedEnd))
		}
	}
	wantNoChange(t, part)
}

func testWatchSelects(t *testing.T, b *bench) {
	e := b.engine(t)
	cases := []struct {
		r    storage.Range
		want []string
	}{
		{storage.Range{}, []string{"a", "b", "b\x00", "c"}},
		{storage.Range{Start: []byte("b")}, []string{"b", "b\x00", "c"}},
		{storage.Range{End: []byte("b")}, []string{"a"}},
		{storage.Prefix([]byte("b")), []string{"b", "b\x00"}},
		{storage.Range{Start: []byte("c"), End: []byte("b")}, nil},
		{storage.Range{End: []byte{}}, nil},
	}
	feeds := make([]storage.Feed, len(cases))
	for i, c := range cases {
		feeds[i] = watch(t, e, c.r, 0)
	}
	keysOnly := watch(t, e, storage.Range{KeysOnly: true}, 0)
	for _, key := range cases[0].want {
		version := put(t, e, key, "value of "+key)
		c, err := keysOnly.Next(t.Context())
		ok(t, err)
		if c.Value != nil || ownChange(c) != putOf(version, key, "") {
			t.Fatalf("of keys only: %+v", ownChange(c))
		}
	}
	for i, c := range cases {
		for _, key := range c.want {
			if got := nextChange(t, feeds[i]); got.key != key || got.value != "value of "+key {
				t.Fatalf("%v: change %+v, want that of %s", c.r, got, show(key))
			}
		}
		wantNoChange(t, feeds[i])
	}
}

// testWatchFrom begins in the middle of what is kept, and of batches.
func testWatchFrom(t *testing.T, b *bench) {
	e := b.engine(t)
	first := watch(t, e, storage.Range{}, 0)
	var batch storage.Batch
	for i := range 4 {
		ok(t, batch.Put(fmt.Appendf(nil, "k%d", i), nil, 0))
	}
	var all []change
	for range 3 {
		last, err := e.Write(&batch, storage.WriteOptions{})
		ok(t, err)
		for i := range 4 {
			all = append(all, putOf(last-3+uint64(i), fmt.Sprintf("k%d", i), ""))
		}
	}
	for i := range all {
		f := watch(t, e, storage.Range{}, all[i].version)
		if f.From() != all[i].version {
			t.Fatalf("From = %d, want %d", f.From(), all[i].version)
		}
		wantChanges(t, f, all[i:]...)
	}
	last := all[len(all)-1].version
	later := watch(t, e, storage.Range{}, last+3)
	for range 3 {
		put(t, e, "later", "")
	}
	wantChanges(t, later, putOf(last+3, "later", ""))
	wantChanges(t, first, all...)
}

// testWatchPast asks for what happened when nobody watched: all of it, or an error.
func testWatchPast(t *testing.T, b *bench) {
	e := b.engine(t)
	version := put(t, e, "a", "1")
	put(t, e, "b", "2")
	f, err := e.Watch(storage.Range{}, version)
	if err != nil {
		wantErr(t, "Watch of the past", err, storage.ErrHistoryGone)
	} else {
		defer f.Close()
		wantChanges(t, f, putOf(version, "a", "1"), putOf(version+1, "b", "2"))
	}
	if hasPast := e.Name() == storage.EngineRust && b.onDisk; hasPast != (err == nil) {
		t.Errorf("engine %s, on disk: %v: %v", e.Name(), b.onDisk, err)
	}
	watch(t, e, storage.Range{}, version+2)
}

// testWatchModel lets many write in every way, and compares what feeds deliver with
// the state that comes of it.
func testWatchModel(t *testing.T, b *bench) {
	e := b.engine(t)
	half := storage.Range{Start: []byte("k8")}
	feeds := []storage.Feed{
		watch(t, e, storage.Range{}, 0), watch(t, e, storage.Range{}, 0), watch(t, e, half, 0),
	}
	var writers, followers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() { writeAtRandom(t, e, uint64(w), scaled(1000)) })
	}
	delivered := make([][]change, len(feeds))
	for i, f := range feeds {
		followers.Go(func() {
			for {
				c, err := f.Next(t.Context())
				if err != nil {
					t.Errorf("feed %d: %v", i, err)
					return
				}
				if string(c.Key) == "k~" {
					return
				}
				delivered[i] = append(delivered[i], ownChange(c))
			}
		})
	}
	writers.Wait()
	put(t, e, "k~", "the last")
	followers.Wait()

	replayed := map[string]string{"k~": "the last"}
	for i, c := range delivered[0] {
		if i > 0 && c.version <= delivered[0][i-1].version {
			t.Fatalf("version %d came after %d", c.version, delivered[0][i-1].version)
		}
		switch c.kind {
		case storage.OpPut:
			replayed[c.key] = c.value
		case storage.OpDelete:
			delete(replayed, c.key)
		case storage.OpDeleteRange:
			maps.DeleteFunc(replayed, func(key, _ string) bool {
				return key >= c.key && (c.end == "" || key < c.end)
			})
		}
	}
	found := make(map[string]string)
	for _, entry := range collectNow(t, e, storage.Range{}) {
		found[entry.key] = entry.value
	}
	if !maps.Equal(found, replayed) {
		t.Errorf("the state is %v, and the changes make %v", found, replayed)
	}
	if !slices.Equal(delivered[0], delivered[1]) {
		t.Errorf("two feeds delivered %d and %d changes", len(delivered[0]), len(delivered[1]))
	}
	ofHalf := slices.DeleteFunc(delivered[0], func(c change) bool { return !half.Contains([]byte(c.key)) })
	if !slices.Equal(delivered[2], ofHalf) {
		t.Errorf("the feed of a part delivered %d changes of %d", len(delivered[2]), len(ofHalf))
	}
}

// writeAtRandom writes in every way to few keys.
func writeAtRandom(t testing.TB, e storage.Engine, seed uint64, n int) {
	random := rand.New(rand.NewPCG(seed, 1))
	key := func() []byte { return fmt.Appendf(nil, "k%x", random.IntN(16)) }
	var o storage.WriteOptions
	for i := range n {
		value := fmt.Appendf(nil, "%d-%d", seed, i)
		var err error
		switch random.IntN(8) {
		case 0:
			_, err = e.Delete(key(), o)
		case 1:
			_, _, err = e.PutIfAbsent(key(), value, o)
		case 2:
			_, _, err = e.Modify(nil, key(), storage.Modification{Kind: storage.Append, Value: []byte("x")}, o)
		case 3:
			_, _, err = e.Modify(nil, key(), storage.Modification{Kind: storage.Take}, o)
		case 4, 5:
			var batch storage.Batch
			k := key()
			err = errors.Join(batch.Put(k, value, 0), batch.Delete(key()), batch.Put(k, value, 0))
			if err == nil {
				_, err = e.Write(&batch, o)
			}
		default:
			_, err = e.Put(key(), value, o)
		}
		if err != nil {
			t.Errorf("writer %d: %v", seed, err)
			return
		}
	}
}

// testWatchBesideSnapshot begins to watch while others write, and then looks at the
// state: what a snapshot does not have is delivered.
func testWatchBesideSnapshot(t *testing.T, b *bench) {
	e := b.engine(t)
	done := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				// Not so fast that a reader who is held up for seconds is too slow.
				case <-time.After(100 * time.Microsecond):
				}
				if _, err := e.Put(fmt.Appendf(nil, "%d", w), fmt.Append(nil, i), storage.WriteOptions{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer writers.Wait()
	defer close(done)
	for range scaled(100) {
		f, err := e.Watch(storage.Range{}, 0)
		ok(t, err)
		s := snapshot(t, e)
		// Each version is a put's, so none may be missing.
		for version := f.From(); version <= s.Version()+3; version++ {
			if c := nextChange(t, f); c.version != version {
				t.Fatalf("version %d came, and not %d", c.version, version)
			}
		}
		ok(t, s.Close())
		ok(t, f.Close())
	}
}

// testWatchWoken lets a reader fall asleep before each write.
func testWatchWoken(t *testing.T, b *bench) {
	e := b.engine(t)
	f := watch(t, e, storage.Prefix([]byte("k")), 0)
	got := make(chan change)
	go func() {
		defer close(got)
		for {
			c, err := f.Next(t.Context())
			if err != nil {
				return
			}
			got <- ownChange(c)
		}
	}()
	for i := range scaled(200) {
		if i%10 == 0 {
			time.Sleep(time.Millisecond)
		}
		runtime.Gosched()
		put(t, e, "other", "")
		version := put(t, e, "k", fmt.Sprint(i))
		select {
		case c := <-got:
			if c != putOf(version, "k", fmt.Sprint(i)) {
				t.Fatalf("change %+v", c)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("a write woke nobody")
		}
	}
	ok(t, f.Close())
	for range got {
	}
}

func testWatchEnds(t *testing.T, b *bench) {
	e := b.open(t, b.dir(t))
	waitIn := func(f storage.Feed, ctx context.Context) <-chan error {
		ended := make(chan error, 1)
		go func() {
			_, err := f.Next(ctx)
			ended <- err
		}()
		return ended
	}
	closedByItself := watch(t, e, storage.Range{}, 0)
	cancelled := watch(t, e, storage.Range{}, 0)
	byEngine := watch(t, e, storage.Range{}, 0)
	ctx, cancel := context.WithCancel(t.Context())
	ends := []<-chan error{waitIn(closedByItself, t.Context()), waitIn(cancelled, ctx), waitIn(byEngine, t.Context())}
	time.Sleep(10 * time.Millisecond)
	ok(t, closedByItself.Close())
	cancel()
	wantErr(t, "Next of a feed that is closed", <-ends[0], storage.ErrClosed)
	wantErr(t, "Next after the context's end", <-ends[1], context.Canceled)
	version := put(t, e, "k", "") // the context's end is not the feed's
	wantChanges(t, cancelled, putOf(version, "k", ""))
	wantErr(t, "the waiting Next", <-ends[2], nil)
	ends[2] = waitIn(byEngine, t.Context())
	time.Sleep(10 * time.Millisecond)
	ok(t, e.Close())
	wantErr(t, "Next of a feed whose engine is closed", <-ends[2], storage.ErrClosed)
	for _, f := range []storage.Feed{closedByItself, cancelled, byEngine} {
		_, err := f.Next(t.Context())
		wantErr(t, "Next after the close", err, storage.ErrClosed)
	}
	_, err := e.Watch(storage.Range{}, 0)
	wantErr(t, "Watch of a closed engine", err, storage.ErrClosed)
}

// endingContext ends as soon as it has been asked whether it has.
type endingContext struct {
	context.Context
	asked bool
}

func (c *endingContext) Err() error {
	if !c.asked {
		c.asked = true
		return nil
	}
	return context.Canceled
}

// testWatchContext: a context that ends while the feed is behind is heeded, however much
// there is that is not of the range, and nothing is missed by that.
func testWatchContext(t *testing.T, b *bench) {
	e := b.engine(t)
	f := watch(t, e, storage.Prefix([]byte("of the range")), 0)
	for i := range 100 {
		put(t, e, "another", string(filler(100_000, uint64(i))))
	}
	version := put(t, e, "of the range", "v")
	_, err := f.Next(&endingContext{Context: t.Context()})
	wantErr(t, "Next whose context ends while it looks", err, context.Canceled)
	wantChanges(t, f, putOf(version, "of the range", "v"))
}

// testWatchSlow writes more than is kept. A feed with a log to go back to delivers
// all of it; any other one says so.
func testWatchSlow(t *testing.T, b *bench) {
	if light() {
		t.Skip("it writes much")
	}
	e := b.engine(t)
	f := watch(t, e, storage.Range{}, 0)
	value := string(filler(1<<20, 1))
	const n = 3 * storage.WatchBufferLen >> 20
	first := put(t, e, "k", value)
	wantChanges(t, f, putOf(first, "k", value))
	for range n {
		put(t, e, "k", value)
	}
	for version := first + 1; version <= first+n; version++ {
		c, err := f.Next(t.Context())
		if err != nil {
			wantErr(t, "Next of a slow feed", err, storage.ErrWatchTooSlow)
			_, err = f.Next(t.Context())
			wantErr(t, "Next after it", err, storage.ErrWatchTooSlow)
			return
		}
		if c.Version != version {
			t.Fatalf("version %d came, and not %d", c.Version, version)
		}
	}
	if e.Name() != storage.EngineRust || !b.onDisk {
		t.Error("a feed delivered more than is kept")
	}
}

func testWatchRefuses(t *testing.T, b *bench) {
	e := b.engine(t)
	_, err := e.Watch(storage.Range{Reverse: true}, 0)
	wantErr(t, "Watch in reverse", err, storage.ErrInvalidOptions)
	f := watch(t, e, storage.Range{}, 0)
	ok(t, f.Close())
	ok(t, f.Close())
}
