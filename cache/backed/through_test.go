package backed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
)

func newThrough(t testing.TB, c *cache.Cache, s backed.Store, o backed.Options) *backed.Through {
	t.Helper()
	th, err := backed.NewThrough(c, s, o)
	ok(t, err)
	return th
}

func TestReadThrough(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		th := newThrough(t, newCache(t, 1<<20), s, backed.Options{})
		m.put("key", "1")
		m.put("empty", "")
		wantValue(t, th, "key", "1")
		wantValue(t, th, "empty", "")
		if loads, _, _ := m.figures(); loads != 2 {
			t.Fatalf("%d loads of two keys", loads)
		}
		wantAbsent(t, th, "none")
		wantAbsent(t, th, "none")
		if loads, _, _ := m.figures(); loads != 6 {
			t.Fatalf("%d loads, want absence not to be remembered", loads)
		}
		m.put("key", "2")
		wantValue(t, th, "key", "1") // it cannot know
		ok(t, th.Invalidate([]byte("key")))
		wantValue(t, th, "key", "2")
		broken := errors.New("broken")
		m.fail(broken)
		_, err := th.Get(t.Context(), []byte("other"))
		wantErr(t, "a load that fails", err, broken)
		var out cache.Values
		wantErr(t, "GetMany", th.GetMany(t.Context(), &out, [][]byte{[]byte("other")}), broken)
		wantValue(t, th, "key", "2")
	})
}

func TestGetManyLoadsTogether(t *testing.T) {
	m := newMapStore()
	for _, negative := range []time.Duration{0, time.Hour} {
		th := newThrough(t, newCache(t, 1<<20), bulkStore{m}, backed.Options{NegativeTTL: negative})
		m.put("a", "1")
		m.put("c", "3")
		var out cache.Values
		ok(t, th.GetMany(t.Context(), &out, [][]byte{[]byte("a"), []byte("b"), []byte("c")}))
		for i, want := range []string{"1", "-", "3"} {
			if got, found := out.At(i); found != (want != "-") || found && string(got) != want {
				t.Fatalf("result %d is %q, %v, want %q", i, got, found, want)
			}
		}
	}
}

func TestNegativeTTL(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		th := newThrough(t, newCache(t, 1<<20), s, backed.Options{NegativeTTL: time.Hour})
		for range 3 {
			wantAbsent(t, th, "key")
		}
		if loads, _, _ := m.figures(); loads != 1 {
			t.Fatalf("%d loads of what was known to be absent", loads)
		}
		ok(t, th.Set(t.Context(), []byte("key"), []byte("1")))
		wantValue(t, th, "key", "1")
		ok(t, th.Set(t.Context(), []byte("key"), nil))
		wantValue(t, th, "key", "")
		m.put("loaded", "2")
		wantValue(t, th, "loaded", "2")
		ok(t, th.Delete(t.Context(), []byte("key")))
		wantAbsent(t, th, "key")
	})
}

// TestExpiryOfTheStore: the cache keeps nothing longer than the store does.
func TestExpiryOfTheStore(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		th := newThrough(t, newCache(t, 1<<20), s, backed.Options{TTL: time.Hour})
		m.entries["loaded"] = backed.Entry{Value: []byte("1"), ExpiresAt: time.Now().UnixMilli() + 60}
		m.entries["past"] = backed.Entry{Value: []byte("1"), ExpiresAt: 1}
		m.put("ever", "1")
		wantAbsent(t, th, "past")
		wantValue(t, th, "loaded", "1")
		wantValue(t, th, "ever", "1")
		ok(t, th.SetTTL(t.Context(), []byte("written"), []byte("2"), 60*time.Millisecond))
		if at := m.entries["written"].ExpiresAt; at < time.Now().UnixMilli() {
			t.Fatalf("the store was told of the expiry %d", at)
		}
		eventually(t, "the entries expire", func() bool {
			_, err := th.Get(t.Context(), []byte("loaded"))
			_, err2 := th.Get(t.Context(), []byte("written"))
			return errors.Is(err, backed.ErrNotFound) && errors.Is(err2, backed.ErrNotFound)
		})
		m.fail(errors.New("broken"))
		wantValue(t, th, "ever", "1")
	})
}

// TestExpiryWithinForever: what the cache may keep for ever, it keeps no longer than the store.
func TestExpiryWithinForever(t *testing.T) {
	th := newThrough(t, newCache(t, 1<<20), newMapStore(), backed.Options{TTL: cache.Forever})
	ok(t, th.SetTTL(t.Context(), []byte("key"), []byte("1"), time.Millisecond))
	eventually(t, "the entry expires", func() bool {
		_, err := th.Get(t.Context(), []byte("key"))
		return errors.Is(err, backed.ErrNotFound)
	})
}

func TestTags(t *testing.T) {
	c := newCache(t, 1<<20)
	m := newMapStore()
	th := newThrough(t, c, m, backed.Options{NegativeTTL: time.Hour, Tags: func(key, value []byte) []string {
		return []string{"key " + string(key), "value " + string(value)}
	}})
	m.put("a", "1")
	wantValue(t, th, "a", "1")
	ok(t, th.Set(t.Context(), []byte("b"), []byte("1")))
	if n, err := c.DeleteTag("value 1"); err != nil || n != 2 {
		t.Fatalf("DeleteTag = %d, %v, want 2", n, err)
	}
}

func TestWriteThrough(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		th := newThrough(t, newCache(t, 1<<20), s, backed.Options{})
		ok(t, th.Set(t.Context(), []byte("key"), []byte("1")))
		if got := m.value("key"); got != "1" {
			t.Fatalf("the store has %q", got)
		}
		wantValue(t, th, "key", "1")
		ok(t, th.WriteMany(t.Context(), []backed.Write{
			{Key: []byte("a"), Entry: backed.Entry{Value: []byte("2")}},
			{Key: []byte("key"), Deleted: true},
			{Key: []byte("b"), Entry: backed.Entry{Value: []byte("3")}},
		}))
		wantValue(t, th, "a", "2")
		wantValue(t, th, "b", "3")
		if loads, _, _ := m.figures(); loads != 0 {
			t.Fatalf("%d loads of what was written", loads)
		}
		wantAbsent(t, th, "key")
		ok(t, th.Delete(t.Context(), []byte("a")))
		wantAbsent(t, th, "a")
		large := string(make([]byte, 2<<20))
		ok(t, th.Set(t.Context(), []byte("b"), []byte(large)))
		wantValue(t, th, "b", large)
		wantErr(t, "a long key", th.Set(t.Context(), make([]byte, cache.MaxKeyLen+1), nil), cache.ErrKeyTooLarge)
		wantErr(t, "no TTL", th.SetTTL(t.Context(), []byte("key"), nil, 0), cache.ErrInvalidTTL)
	})
}

// TestFailedWriteThrough: the cache then has nothing, since the store may have either.
func TestFailedWriteThrough(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		th := newThrough(t, newCache(t, 1<<20), s, backed.Options{})
		broken := errors.New("broken")
		for what, write := range map[string]func() error{
			"Set":    func() error { return th.Set(t.Context(), []byte("key"), []byte("new")) },
			"Delete": func() error { return th.Delete(t.Context(), []byte("key")) },
			"WriteMany": func() error {
				return th.WriteMany(t.Context(), []backed.Write{{Key: []byte("other")}, {Key: []byte("key")}})
			},
			"panic": func() (err error) {
				m.hook(func([]backed.Write) error { panic(broken) })
				defer func() { err = recover().(error) }()
				return th.Set(t.Context(), []byte("key"), []byte("new"))
			},
		} {
			m.fail(nil)
			ok(t, th.Set(t.Context(), []byte("key"), []byte("old")))
			wantValue(t, th, "key", "old")
			m.fail(broken)
			wantErr(t, what, write(), broken)
			m.fail(nil)
			m.put("key", "what the store has")
			wantValue(t, th, "key", "what the store has")
		}
	})
}

// TestThroughIsNeverStale has reads, writes and failures meet, in a cache so small that
// everything is evicted and loaded all the time. Each goroutine has keys of its own to
// write, and all write the shared ones. What it wrote last is what it reads; and when all
// is quiet, every read is what the store has.
func TestThroughIsNeverStale(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		m.jitter = true
		th := newThrough(t, newCache(t, cache.MinBudget), s, backed.Options{NegativeTTL: time.Hour})
		for round := range scaled(150) {
			var workers sync.WaitGroup
			for w := range 6 {
				workers.Go(func() { throughWorker(t, th, w, round) })
			}
			workers.Wait()
			for _, key := range []string{"shared 0", "shared 1", "own 0", "own 3"} {
				got, err := th.Get(t.Context(), []byte(key))
				if want := m.value(key); string(got) != want || err != nil && !errors.Is(err, backed.ErrNotFound) {
					t.Fatalf("round %d: the cache has %.20q of %q, the store %.20q (%v)", round, got, key, want, err)
				}
			}
		}
	})
}

func throughWorker(t *testing.T, th *backed.Through, w, round int) {
	ctx := context.Background()
	own, last := fmt.Appendf(nil, "own %d", w), 0
	for i := range 12 {
		n := round*1000 + i + 1
		shared := fmt.Appendf(nil, "shared %d", i%2)
		var err error
		switch i % 4 {
		case 0:
			last, err = n, th.Set(ctx, own, fmt.Appendf(nil, "%-40000d", n))
		case 1:
			err = th.Set(ctx, shared, fmt.Appendf(nil, "%d by %-40000d", n, w))
		case 2:
			if w == 0 {
				err = th.Delete(ctx, shared)
			}
		}
		_, _ = th.Get(ctx, shared)
		got, err2 := th.Get(ctx, own)
		if got := strings.TrimSpace(string(got)); got != strconv.Itoa(last) {
			t.Errorf("worker %d reads %q after it wrote %d: %v", w, got, last, errors.Join(err, err2))
			return
		}
		_, _ = th.Get(ctx, fmt.Appendf(nil, "own %d", (w+1)%6)) // so that others' loads run
	}
}

// TestOverlappingWrites: the store takes two writes of a key in one order and answers them
// in the other.
func TestOverlappingWrites(t *testing.T) {
	m := newMapStore()
	th := newThrough(t, newCache(t, 1<<20), slowAnswers{m}, backed.Options{})
	first := make(chan error)
	answer := make(chan struct{})
	ctx := context.WithValue(t.Context(), answerKey{}, answer)
	go func() { first <- th.Set(ctx, []byte("key"), []byte("first")) }()
	eventually(t, "the store has the first", func() bool { return m.value("key") == "first" })
	ok(t, th.Set(t.Context(), []byte("key"), []byte("second")))
	close(answer)
	ok(t, <-first)
	wantValue(t, th, "key", "second")
	_, _, log := m.figures()
	if !slices.Equal(log, []string{"key=first", "key=second"}) {
		t.Fatalf("the store took %q", log)
	}
	ok(t, th.Set(t.Context(), []byte("key"), []byte("third"))) // alone again: it is cached
	m.fail(errors.New("broken"))
	wantValue(t, th, "key", "third")
}

type answerKey struct{}

// slowAnswers returns from a write when the channel in its context is closed.
type slowAnswers struct{ *mapStore }

func (s slowAnswers) Store(ctx context.Context, key []byte, e backed.Entry) error {
	err := s.mapStore.Store(ctx, key, e)
	if answer, is := ctx.Value(answerKey{}).(chan struct{}); is {
		<-answer
	}
	return err
}

// TestTagsThatTheCacheRefuses: what the cache had of the key must not outlive the write.
func TestTagsThatTheCacheRefuses(t *testing.T) {
	valueIsTag := backed.Options{Tags: func(_, value []byte) []string { return []string{string(value)} }}
	tooLong := strings.Repeat("n", cache.MaxTagLen+1)
	m := newMapStore()
	c := newCache(t, 1<<20)
	for name, db := range map[string]interface {
		Set(ctx context.Context, key, value []byte) error
		Get(ctx context.Context, key []byte) ([]byte, error)
	}{
		"through": newThrough(t, c, m, valueIsTag),
		"behind":  newBehind(t, c, m, backed.BehindOptions{Options: valueIsTag}),
	} {
		ok(t, db.Set(t.Context(), []byte(name), []byte("old")))
		wantErr(t, name, db.Set(t.Context(), []byte(name), []byte(tooLong)), cache.ErrInvalidOptions)
		value, err := db.Get(t.Context(), []byte(name))
		wantErr(t, fmt.Sprintf("%s: the read of %q", name, value), err, cache.ErrInvalidOptions)
	}
}

func TestLongestTTL(t *testing.T) {
	th := newThrough(t, newCache(t, 1<<20), newMapStore(), backed.Options{TTL: cache.Forever - 1})
	ok(t, th.SetTTL(t.Context(), []byte("key"), []byte("1"), cache.Forever-1))
	wantValue(t, th, "key", "1")
}
