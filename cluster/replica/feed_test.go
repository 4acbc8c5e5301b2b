package replica

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// told is a change, in words, and its version.
type told struct {
	what    string
	version uint64
}

// follow reads so many changes of a feed.
func follow(t *testing.T, f storage.Feed, n int) (all []told) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range n {
		c, err := f.Next(ctx)
		if err != nil {
			t.Fatalf("after %v: %v", all, err)
		}
		all = append(all, told{fmt.Sprintf("%s=%s", c.Key, c.Value), c.Version})
	}
	return all
}

// wantNothing checks that a feed has told all there is.
func wantNothing(t *testing.T, f storage.Feed) {
	t.Helper()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := f.Next(gone); !errors.Is(err, context.Canceled) || errors.Is(err, storage.ErrMoreToLookAt) {
		t.Errorf("one more: %+v, %v", c, err)
	}
}

func watchFrom(t *testing.T, l *Leader, from uint64) storage.Feed {
	t.Helper()
	f, err := l.Watch(storage.Range{}, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// writeAll writes a batch of two values and then one more, and returns what is to be told of that.
func writeAll(t *testing.T, l *Leader, name string) (all []told) {
	t.Helper()
	var b storage.Batch
	for _, key := range []string{"a", "b"} {
		if err := b.Put([]byte(key), []byte(name), 0); err != nil {
			t.Fatal(err)
		}
	}
	last, err := l.Write(&b, storage.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, told{"a=" + name, last - 1}, told{"b=" + name, last})
	if last, err = l.Put([]byte("c"), []byte(name), storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return append(all, told{"c=" + name, last})
}

// TestFeedSurvivesItsLeader: from any change on, the next leader tells what the one before would have
// told, with the same versions, whether or not anybody followed that replica before.
func TestFeedSurvivesItsLeader(t *testing.T) {
	all := members(t, 3)
	first := all[0].lead(t, 1)
	f := watchFrom(t, first, 0)
	from := f.From()
	want := writeAll(t, first, "first")
	if got := follow(t, f, 3); !slices.Equal(got, want) {
		t.Fatalf("the first leader tells %v, and not %v", got, want)
	}
	want = append(want, writeAll(t, first, "later")...)

	second := all[1].lead(t, 2)
	first.Resign()
	if _, err := f.Next(t.Context()); !errors.Is(err, storage.ErrClosed) {
		t.Fatalf("a feed of a term that is over: %v", err)
	}
	want = append(want, writeAll(t, second, "second")...)
	third := all[2].lead(t, 3)
	want = append(want, writeAll(t, third, "third")...)

	for i := range want {
		if i > 0 {
			from = want[i].version
		}
		f := watchFrom(t, third, from)
		if got := follow(t, f, len(want)-i); !slices.Equal(got, want[i:]) {
			t.Fatalf("from %d on the third leader tells %v, and not %v", from, got, want[i:])
		}
		wantNothing(t, f)
	}
}

// restart has a member begin again with what is on its disk: after it was closed, or as after a crash. What it
// has not of the log it applies at once.
func (m *member) restart(t *testing.T, crash bool) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	old, dir := m.replica, m.replica.config.Dir
	if crash {
		dir = t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(old.config.Dir)); err != nil {
			t.Fatal(err)
		}
	}
	old.Close()
	r := New(Config{Dir: dir, Engine: storage.DefaultEngine})
	applied, err := r.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	var indexes []uint64
	var entries [][]byte
	for _, logged := range m.log {
		if logged.Index > applied {
			indexes, entries = append(indexes, logged.Index), append(entries, logged.Entry)
		}
	}
	if err := r.Apply(indexes, entries, make([]uint64, len(entries))); err != nil {
		t.Fatal(err)
	}
	m.replicas[slices.Index(m.replicas, old)] = r
	m.replica = r
	// After a crash those are missing that were not synced, but no beginning of a term that was applied again.
	kept := old.changes.marks
	if crash {
		kept = slices.DeleteFunc(slices.Clone(kept), func(one record) bool { return one.versions != 0 || one.index <= applied })
	}
	for _, one := range kept {
		if !slices.Contains(r.changes.marks, one) {
			t.Fatalf("a replica that has begun again knows %+v, and %+v is missing", r.changes.marks, one)
		}
	}
}

// TestFeedSurvivesRestarts: after all replicas have begun again, some of them twice, and with other terms
// between, whoever leads tells the past with the same versions, from any change on.
func TestFeedSurvivesRestarts(t *testing.T) {
	all := members(t, 3)
	begin := watchFrom(t, all[0].lead(t, 1), 0).From()
	var want []told
	for round := range 6 {
		l := all[round%3].lead(t, uint64(round%3+1))
		for i := range 100 {
			want = append(want, writeAll(t, l, fmt.Sprintf("%d of %d", i, round))...)
		}
		switch {
		case round == 3: // one that is synced, as before the log is cut off
			if err := all[0].replica.Sync(); err != nil {
				t.Fatal(err)
			}
		case round > 0:
			all[(round+1)%3].restart(t, round%2 == 0)
		}
	}
	for _, m := range all {
		l := m.lead(t, 1)
		for i := 0; i < len(want); i += 71 {
			from := begin
			if i > 0 {
				from = want[i].version
			}
			f := watchFrom(t, l, from)
			if got := follow(t, f, len(want)-i); !slices.Equal(got, want[i:]) {
				t.Fatalf("from %d on other changes are told than those from %v on", from, want[i])
			}
			wantNothing(t, f)
		}
	}
}

// TestFeedBehindASnapshot: what was read as of a moment is followed from its version on, also if nothing was
// written yet in the term, the log has nothing from before that, or another term has begun since.
func TestFeedBehindASnapshot(t *testing.T) {
	all := members(t, 2)
	writeAll(t, all[0].lead(t, 1), "before")
	l := all[0].lead(t, 1)
	snap, err := l.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	behind := snap.Version() + 1
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	all[0].mu.Lock()
	all[0].log = all[0].log[len(all[0].log)-1:] // the beginning of the term
	all[0].mu.Unlock()
	f := watchFrom(t, l, behind)
	wantNothing(t, f)
	want := writeAll(t, l, "behind")
	if got := follow(t, f, 3); !slices.Equal(got, want) {
		t.Errorf("told are %v, and not %v", got, want)
	}
	if got := follow(t, watchFrom(t, l, behind), 3); !slices.Equal(got, want) {
		t.Errorf("told later are %v, and not %v", got, want)
	}
	all[1].restart(t, false)
	next := all[1].lead(t, 2)
	want = append(want, writeAll(t, next, "next")...)
	if got := follow(t, watchFrom(t, next, behind), 6); !slices.Equal(got, want) {
		t.Errorf("the next leader tells %v, and not %v", got, want)
	}
}

// TestALookIsBounded: who only looks, in a long log in which nothing is of the range, comes back, knows how
// far the feed has looked, and looks on from there.
func TestALookIsBounded(t *testing.T) {
	m := members(t, 2)[0]
	l := m.lead(t, 1)
	m.replica.changes.capacity = 1
	f, err := l.Watch(storage.Prefix([]byte("z")), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 100 {
		writeAll(t, l, "value")
	}
	last, err := l.Put([]byte("z"), nil, storage.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	reached := f.(storage.PassingFeed).Reached()
	for looks := 1; ; looks++ {
		c, err := f.Next(gone)
		now := f.(storage.PassingFeed).Reached()
		switch {
		case err == nil:
			if c.Version != last || looks < 200/2/fetchesAtOnce {
				t.Errorf("look %d found %+v, and the version is %d", looks, c, last)
			}
			wantNothing(t, f)
			return
		case !errors.Is(err, context.Canceled) || !errors.Is(err, storage.ErrMoreToLookAt):
			t.Fatalf("look %d: %v", looks, err)
		case now <= reached || now > last:
			t.Fatalf("look %d came from %d to %d", looks, reached, now)
		}
		reached = now
	}
}

// TestFeedPasses: a feed of a range in which nothing is written knows how far it has looked, so that the
// next one need not look there again.
func TestFeedPasses(t *testing.T) {
	l := members(t, 2)[0].lead(t, 1)
	f, err := l.Watch(storage.Prefix([]byte("b")), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	passing := f.(storage.PassingFeed)
	if reached := passing.Reached(); reached != f.From() {
		t.Errorf("a feed from %d on has reached %d", f.From(), reached)
	}
	all := writeAll(t, l, "value") // of a, b and c
	follow(t, f, 1)
	if reached := passing.Reached(); reached <= all[1].version || reached > all[2].version {
		t.Errorf("behind %v a feed has reached %d", all[1], reached)
	}
	wantNothing(t, f)
	if reached := passing.Reached(); reached != all[2].version+1 {
		t.Errorf("behind %v a feed has reached %d", all[2], reached)
	}
}

// TestVersionsOfAFeed: what is told has the version that reads tell in the term in which it was written,
// also if the engine had other versions before than those of other replicas.
func TestVersionsOfAFeed(t *testing.T) {
	all := members(t, 2)
	all[0].lead(t, 1)
	engine, err := all[1].replica.current()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Put([]byte("lost in a crash"), nil, storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	l := all[1].lead(t, 2)
	f := watchFrom(t, l, 0)
	want := writeAll(t, l, "value")
	if got := follow(t, f, 3); !slices.Equal(got, want) {
		t.Errorf("told are %v, and not %v", got, want)
	}
	for _, one := range want {
		_, meta, err := l.AppendGetMeta(nil, []byte(one.what[:1]))
		if err != nil || meta.Version != one.version {
			t.Errorf("%s was told with version %d, and is read with %d, %v", one.what, one.version, meta.Version, err)
		}
	}
	if _, err := engine.Put([]byte("not agreed upon"), nil, storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	write(t, l, "value")
	if _, err := l.AppendGet(nil, []byte("a")); err == nil || l.begin() == nil {
		t.Errorf("a term goes on whose engine counts otherwise than the replicas do: %v", err)
	}
}

// TestFeedOfAVoidEntry: what was evaluated in another term is not told, and takes no version of a change
// on any replica.
func TestFeedOfAVoidEntry(t *testing.T) {
	all := members(t, 2)
	first := all[0].lead(t, 1)
	from := watchFrom(t, first, 0).From()
	second := all[1].lead(t, 2)
	if _, err := first.Put([]byte("void"), nil, storage.WriteOptions{}); err == nil {
		t.Fatal("a term goes on behind the beginning of the next one")
	}
	want := writeAll(t, second, "second")
	if got := follow(t, watchFrom(t, second, from), 3); !slices.Equal(got, want) {
		t.Errorf("told are %v, and not %v", got, want)
	}
	if one, other := all[0].replica.known.Load(), all[1].replica.known.Load(); *one != *other {
		t.Errorf("the records of replicas differ: %+v and %+v", one, other)
	}
}

// TestFeedOfWhatIsGone: what the log has no more is ErrHistoryGone, and for a feed that was there before
// ErrWatchTooSlow.
func TestFeedOfWhatIsGone(t *testing.T) {
	all := members(t, 2)
	l := all[0].lead(t, 1)
	f := watchFrom(t, l, 0)
	from := f.From()
	all[0].replica.changes.capacity = 1
	writeAll(t, l, "one")
	writeAll(t, l, "two")
	all[0].mu.Lock()
	all[0].log = all[0].log[4:]
	all[0].mu.Unlock()
	if _, err := f.Next(t.Context()); !errors.Is(err, storage.ErrWatchTooSlow) {
		t.Errorf("a feed that is behind the log: %v", err)
	}
	if _, err := all[0].lead(t, 1).Watch(storage.Range{}, from); !errors.Is(err, storage.ErrHistoryGone) {
		t.Errorf("a feed from before the log: %v", err)
	}
	if _, err := all[1].lead(t, 1).Watch(storage.Range{}, 1); !errors.Is(err, storage.ErrHistoryGone) {
		t.Errorf("a feed from before all terms, and the log: %v", err)
	}
}

// TestChangesAreBounded: what is kept in memory is bounded, nothing is kept while nobody follows, and a
// feed that is behind goes on in the log.
func TestChangesAreBounded(t *testing.T) {
	all := members(t, 2)
	l := all[0].lead(t, 1)
	c := &all[0].replica.changes
	c.capacity = 1000
	f := watchFrom(t, l, 0)
	var want []told
	for i := range 100 {
		want = append(want, writeAll(t, l, fmt.Sprint(i))...)
	}
	if c.bytes > c.capacity || len(c.kept) == 0 {
		t.Errorf("%d entries with %d bytes are kept, of %d", len(c.kept), c.bytes, c.capacity)
	}
	if got := follow(t, f, len(want)); !slices.Equal(got, want) {
		t.Errorf("a feed that was behind tells %v, and not %v", got, want)
	}
	f.Close()
	if c.bytes != 0 || c.kept != nil {
		t.Errorf("%d bytes are kept for nobody", c.bytes)
	}
	if other := &all[1].replica.changes; other.kept != nil || len(other.marks) > 1+200/markEvery+1 {
		t.Errorf("a replica that nobody follows keeps %d entries and %d marks", len(other.kept), len(other.marks))
	}
}
