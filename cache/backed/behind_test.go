package backed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
)

// later is an interval that no test waits for.
const later = time.Hour

func newBehind(t testing.TB, c *cache.Cache, s backed.Store, o backed.BehindOptions) *backed.Behind {
	t.Helper()
	if o.RetryMin == 0 {
		o.RetryMin = time.Millisecond
	}
	b, err := backed.NewBehind(c, s, o)
	ok(t, err)
	t.Cleanup(func() { b.Abandon() })
	return b
}

func setString(t testing.TB, b *backed.Behind, key, value string) {
	t.Helper()
	ok(t, b.Set(context.Background(), []byte(key), []byte(value)))
}

func TestWriteBehind(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		c := newCache(t, 1<<20)
		b := newBehind(t, c, s, backed.BehindOptions{Interval: later})
		m.put("old", "0")
		setString(t, b, "key", "1")
		setString(t, b, "key", "2")
		setString(t, b, "empty", "")
		ok(t, b.Delete(t.Context(), []byte("old")))
		for range 2 { // from the cache, and without it
			wantValue(t, b, "key", "2")
			wantValue(t, b, "empty", "")
			wantAbsent(t, b, "old")
			_, err := c.Clear()
			ok(t, err)
		}
		if _, calls, log := m.figures(); calls != 0 {
			t.Fatalf("the store was called before it was time: %q", log)
		}
		q := b.Queue()
		if q.Queued != 3 || q.Coalesced != 1 || q.QueuedBytes != 4+5+3 {
			t.Fatalf("wrong figures: %+v", q)
		}
		ok(t, b.Flush(t.Context()))
		_, _, log := m.figures()
		slices.Sort(log)
		if !slices.Equal(log, []string{"empty=", "key=2", "old deleted"}) {
			t.Fatalf("the store got %q", log)
		}
		if q := b.Queue(); q.Queued != 0 || q.QueuedBytes != 0 || q.Written != 3 {
			t.Fatalf("wrong figures: %+v", q)
		}
		wantValue(t, b, "key", "2")
		ok(t, b.Flush(t.Context()))
		ok(t, b.Close(t.Context()))
		ok(t, b.Close(t.Context()))
		wantErr(t, "Set", b.Set(t.Context(), []byte("key"), nil), backed.ErrClosed)
		wantValue(t, b, "key", "2")
	})
}

// TestWriteBehindWithNegativeTTL: what is cached of an absent key is gone with a write.
func TestWriteBehindWithNegativeTTL(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		c := newCache(t, 1<<20)
		b := newBehind(t, c, s, backed.BehindOptions{Interval: later, Options: backed.Options{NegativeTTL: later}})
		wantAbsent(t, b, "key")
		setString(t, b, "key", "1")
		wantValue(t, b, "key", "1")
		_, err := c.Clear()
		ok(t, err)
		wantValue(t, b, "key", "1")
		ok(t, b.SetTTL(t.Context(), []byte("key"), []byte("2"), time.Millisecond))
		time.Sleep(5 * time.Millisecond)
		wantAbsent(t, b, "key") // though the queue still has it
		ok(t, b.Delete(t.Context(), []byte("key")))
		wantAbsent(t, b, "key")
	})
}

func TestInterval(t *testing.T) {
	m := newMapStore()
	b := newBehind(t, newCache(t, 1<<20), m, backed.BehindOptions{Interval: 20 * time.Millisecond})
	began := time.Now()
	setString(t, b, "key", "1")
	eventually(t, "the store has it", func() bool { return m.value("key") == "1" })
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Fatalf("it was written after %v", took)
	}
}

func TestBatchSize(t *testing.T) {
	m := newMapStore()
	b := newBehind(t, newCache(t, 1<<20), bulkStore{m}, backed.BehindOptions{Interval: later, BatchSize: 10})
	for i := range 9 {
		setString(t, b, strconv.Itoa(i), "value")
	}
	time.Sleep(10 * time.Millisecond)
	if _, calls, _ := m.figures(); calls != 0 {
		t.Fatal("a batch was written before it was full")
	}
	setString(t, b, "9", "value")
	eventually(t, "the batch is written", func() bool { return b.Queue().Written == 10 })
	if _, calls, _ := m.figures(); calls != 1 {
		t.Fatalf("%d calls for one batch", calls)
	}
}

// held lets calls of a store begin one by one.
type held struct {
	began chan []backed.Write
	pass  chan error
}

func hold(m *mapStore) held {
	h := held{make(chan []backed.Write, 100), make(chan error)}
	m.hook(func(writes []backed.Write) error {
		if writes == nil {
			return nil
		}
		h.began <- writes
		return <-h.pass
	})
	return h
}

// TestOrderOfAKey: a key that is written while an older write of it flies, and fails.
func TestOrderOfAKey(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		c := newCache(t, 1<<20)
		b := newBehind(t, c, s, backed.BehindOptions{BatchSize: 1, Interval: later})
		h := hold(m)
		setString(t, b, "key", "1")
		<-h.began
		setString(t, b, "key", "2")
		_, err := c.Clear()
		ok(t, err)
		wantValue(t, b, "key", "2") // the newer of two in the queue
		h.pass <- errors.New("broken")
		<-h.began
		setString(t, b, "key", "3")
		h.pass <- nil
		<-h.began
		h.pass <- nil
		ok(t, b.Flush(t.Context()))
		if _, _, log := m.figures(); !slices.Equal(log, []string{"key=2", "key=3"}) {
			t.Fatalf("the store got %q", log)
		}
	})
}

// TestFlushOfAKey: a flush that waits for a write for which a newer one comes to stand.
func TestFlushOfAKey(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		b := newBehind(t, newCache(t, 1<<20), s, backed.BehindOptions{BatchSize: 1, Interval: later})
		h := hold(m)
		setString(t, b, "key", "1")
		<-h.began
		flushed := make(chan error)
		go func() { flushed <- b.Flush(t.Context()) }()
		time.Sleep(5 * time.Millisecond)
		setString(t, b, "key", "2")
		h.pass <- errors.New("broken")
		<-h.began
		select {
		case err := <-flushed:
			t.Fatalf("Flush returned before the store had it: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
		h.pass <- nil
		ok(t, <-flushed)
		if got := m.value("key"); got != "2" {
			t.Fatalf("the store has %q", got)
		}
	})
}

// TestReadDuringFlight: what flies is read from the queue, and what has landed from the
// store.
func TestReadDuringFlight(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		c := newCache(t, 1<<20)
		b := newBehind(t, c, s, backed.BehindOptions{BatchSize: 1})
		m.put("key", "old")
		h := hold(m)
		setString(t, b, "key", "new")
		<-h.began
		_, err := c.Clear()
		ok(t, err)
		wantValue(t, b, "key", "new")
		h.pass <- nil
		ok(t, b.Flush(t.Context()))
		_, err = c.Clear()
		ok(t, err)
		wantValue(t, b, "key", "new")
	})
}

func TestBackPressure(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		b := newBehind(t, newCache(t, 1<<20), s, backed.BehindOptions{MaxQueued: 4, BatchSize: 1, Interval: later})
		h := hold(m)
		for i := range 4 {
			setString(t, b, strconv.Itoa(i), "value")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		wantErr(t, "a fifth key", b.Set(ctx, []byte("4"), nil), context.DeadlineExceeded)
		wantAbsent(t, b, "4")
		setString(t, b, "3", "newer") // it takes no room
		waits := make(chan error)
		go func() { waits <- b.Set(context.Background(), []byte("5"), nil) }()
		select {
		case err := <-waits:
			t.Fatalf("a write did not wait for room: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
		h.pass <- nil
		ok(t, <-waits)
		go func() { waits <- b.Set(context.Background(), []byte("6"), nil) }()
		time.Sleep(5 * time.Millisecond)
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		wantErr(t, "Close", b.Close(ctx), backed.ErrUnsaved)
		wantErr(t, "a write that waits when it is closed", <-waits, backed.ErrClosed)
		close(h.pass)
		ok(t, b.Close(t.Context()))
	})
}

func TestFailWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMapStore()
		m.fail(errors.New("broken"))
		c, err := cache.New(cache.Options{Budget: 1 << 20, Engine: cache.EngineGo})
		ok(t, err)
		defer func() { ok(t, c.Close()) }()
		b := newBehind(t, c, m, backed.BehindOptions{MaxQueuedBytes: 100, FailWhenFull: true, Interval: later})
		// What is on its way to the store takes room until it is there, or back.
		set := func(key string, n int) error {
			synctest.Wait()
			return b.Set(t.Context(), []byte(key), make([]byte, n))
		}
		wantErr(t, "an error", set("large", 1000), nil) // alone: it is taken
		wantErr(t, "beside it", set("key", 0), backed.ErrQueueFull)
		wantAbsentInQueue(t, b, m, "key")
		ok(t, set("large", 50))
		ok(t, set("key", 20))
		wantErr(t, "a longer value", set("key", 90), backed.ErrQueueFull)
		m.fail(nil)
		ok(t, b.Flush(t.Context()))
		if got := len(m.value("large")) + len(m.value("key")); got != 70 {
			t.Fatalf("the store has %d bytes", got)
		}
	})
}

func wantAbsentInQueue(t testing.TB, b *backed.Behind, m *mapStore, key string) {
	t.Helper()
	m.fail(nil)
	wantAbsent(t, b, key)
	m.fail(errors.New("broken"))
}

// TestFailingStore: what fails is tried again, less and less often, and told.
func TestFailingStore(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newMapStore()
			broken := errors.New("broken")
			m.fail(broken)
			var s backed.Store = m
			if bulk {
				s = bulkStore{m}
			}
			var told atomic.Int32
			c, err := cache.New(cache.Options{Budget: 1 << 20, Engine: cache.EngineGo})
			ok(t, err)
			b, err := backed.NewBehind(c, s, backed.BehindOptions{
				RetryMin: 100 * time.Millisecond, RetryMax: time.Second,
				OnError: func(err error, failures int) {
					wantErr(t, "OnError", err, broken)
					if int(told.Add(1)) != failures {
						t.Errorf("told of %d failures in a row", failures)
					}
				},
			})
			ok(t, err)
			for i := range 20 {
				setString(t, b, strconv.Itoa(i), "value")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err = b.Flush(ctx)
			wantErr(t, "Flush", err, backed.ErrUnsaved)
			wantErr(t, "Flush", err, broken)
			wantErr(t, "Flush", err, context.DeadlineExceeded)
			// 100, 200, 400, 800 ms and then 1 s each, or up to a half less.
			if n := told.Load(); n < 12 || n > 25 {
				t.Errorf("%d attempts in 10 s", n)
			}
			if q := b.Queue(); q.Queued != 20 || q.InARow != int(told.Load()) || !errors.Is(q.LastError, broken) {
				t.Errorf("wrong figures: %+v", q)
			}
			m.fail(nil)
			ok(t, b.Close(t.Context()))
			if q := b.Queue(); len(m.entries) != 20 || q.Written != 20 || q.LastError != nil {
				t.Errorf("the store has %d of 20: %+v", len(m.entries), q)
			}
			ok(t, c.Close())
		})
	}
}

// TestPoison: a write that the store will not have holds up no other.
func TestPoison(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		poison := errors.New("poison")
		m.hook(func(writes []backed.Write) error {
			for _, w := range writes {
				if strings.HasPrefix(string(w.Key), "poison") {
					return poison
				}
			}
			return nil
		})
		b := newBehind(t, newCache(t, 1<<20), s, backed.BehindOptions{RetryMax: 2 * time.Millisecond, BatchSize: 64})
		setString(t, b, "poison 0", "value")
		for i := range 200 {
			setString(t, b, strconv.Itoa(i), "value")
		}
		setString(t, b, "poison 1", "value")
		eventually(t, "all others are written", func() bool { return b.Queue().Written == 200 && b.Queue().Queued == 2 })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		wantErr(t, "Close", b.Close(ctx), backed.ErrUnsaved)
		left := b.Abandon()
		if len(left) != 2 || !strings.HasPrefix(string(left[0].Key), "poison") || string(left[1].Entry.Value) != "value" {
			t.Fatalf("Abandon returned %v", left)
		}
		if left := b.Abandon(); left != nil {
			t.Fatalf("Abandon returned %v again", left)
		}
	})
}

// TestStorePanics: it is an error as any other.
func TestStorePanics(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		m.hook(func([]backed.Write) error { panic("broken") })
		b := newBehind(t, newCache(t, 1<<20), s, backed.BehindOptions{Interval: time.Millisecond})
		setString(t, b, "key", "value")
		eventually(t, "it has failed", func() bool { return b.Queue().Failures > 0 })
		if err := b.Queue().LastError; err != nil && !strings.Contains(err.Error(), "broken") {
			t.Fatalf("the error is %v", err)
		}
		m.fail(nil)
		ok(t, b.Close(t.Context()))
		if m.value("key") != "value" {
			t.Fatal("the store has not got it")
		}
	})
}

// TestSlowStore: calls that hang end by their timeout, and are made again.
func TestSlowStore(t *testing.T) {
	m := newMapStore()
	s := &hanging{mapStore: m}
	s.hangs.Store(true)
	b := newBehind(t, newCache(t, 1<<20), s, backed.BehindOptions{Timeout: 5 * time.Millisecond, Interval: time.Millisecond})
	setString(t, b, "key", "value")
	eventually(t, "it has failed", func() bool { return b.Queue().Failures > 1 })
	s.hangs.Store(false)
	ok(t, b.Flush(t.Context()))
	if m.value("key") != "value" {
		t.Fatal("the store has not got it")
	}
	s.hangs.Store(true)
	setString(t, b, "key", "newer")
	if left := b.Abandon(); len(left) != 1 || string(left[0].Entry.Value) != "newer" { // ends the call
		t.Fatalf("Abandon returned %v", left)
	}
}

// hanging is a store whose calls last as long as their context.
type hanging struct {
	*mapStore
	hangs atomic.Bool
}

func (s *hanging) Store(ctx context.Context, key []byte, e backed.Entry) error {
	if s.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.mapStore.Store(ctx, key, e)
}

// TestCloseUnderLoad: what a write has returned of before Close is in the store afterwards.
func TestCloseUnderLoad(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		for range scaled(50) {
			m.entries = make(map[string]backed.Entry)
			var calls atomic.Int32
			m.hook(func([]backed.Write) error { // fails now and then
				if calls.Add(1)%7 == 3 {
					return errors.New("broken")
				}
				return nil
			})
			b := newBehind(t, newCache(t, cache.MinBudget), s, backed.BehindOptions{
				MaxQueued: 20, BatchSize: 5, Interval: time.Millisecond, RetryMax: time.Millisecond,
			})
			var writers sync.WaitGroup
			last := make([]int, 8) // what each has written of each of its keys, as a whole
			for w := range last {
				writers.Go(func() {
					for n := 1; ; n++ {
						err := b.Set(context.Background(), fmt.Appendf(nil, "%d/%d", w, n%10), strconv.AppendInt(nil, int64(n), 10))
						if errors.Is(err, backed.ErrClosed) {
							return
						}
						if err != nil {
							t.Error(err)
							return
						}
						last[w] = n
					}
				})
			}
			time.Sleep(5 * time.Millisecond)
			ok(t, b.Close(t.Context()))
			writers.Wait()
			for w, n := range last {
				for ; n > 0 && n > last[w]-10; n-- {
					if got := m.value(fmt.Sprintf("%d/%d", w, n%10)); got != strconv.Itoa(n) {
						t.Fatalf("writer %d: the store has %q, want %d", w, got, n)
					}
				}
			}
		}
	})
}

// TestBehindIsNeverStale has reads, writes, flushes and evictions meet. Who has written
// reads that, whether it is in the cache, in the queue, flying, or in the store.
func TestBehindIsNeverStale(t *testing.T) {
	eachStore(t, func(t *testing.T, m *mapStore, s backed.Store) {
		m.jitter = true
		c := newCache(t, cache.MinBudget)
		b := newBehind(t, c, s, backed.BehindOptions{
			Options: backed.Options{NegativeTTL: time.Hour, Tags: func(_, _ []byte) []string {
				m.dally() // loads of what is queued take a moment too
				return nil
			}},
			MaxQueued: 8, BatchSize: 3, Interval: time.Millisecond,
		})
		var workers sync.WaitGroup
		for w := range 6 {
			workers.Go(func() { behindWorker(t, c, b, w) })
		}
		workers.Wait()
		ok(t, b.Close(t.Context()))
		for key := range 2 {
			key := fmt.Sprint("shared ", key)
			got, err := b.Get(t.Context(), []byte(key))
			if want := m.value(key); string(got) != want || err != nil {
				t.Fatalf("the cache has %.20q of %q, the store %.20q (%v)", got, key, want, err)
			}
		}
	})
}

func behindWorker(t *testing.T, c *cache.Cache, b *backed.Behind, w int) {
	ctx := context.Background()
	own, last := fmt.Appendf(nil, "own %d", w), ""
	for i := range scaled(2000) {
		shared := fmt.Appendf(nil, "shared %d", i%2)
		var err error
		switch i % 8 {
		case 0, 3:
			last = fmt.Sprintf("%-40000d", i)
			err = b.Set(ctx, own, []byte(last))
		case 1, 4:
			err = b.Set(ctx, shared, fmt.Appendf(nil, "%d by %-40000d", i, w))
		case 5:
			last = ""
			err = b.Delete(ctx, own)
		case 6:
			_, err = c.Delete(own) // as an eviction does
		}
		_, _ = b.Get(ctx, shared)
		got, err2 := b.Get(ctx, own)
		if string(got) != last || errors.Is(err2, backed.ErrNotFound) != (last == "") {
			t.Errorf("worker %d, step %d, reads %.20q after it wrote %.20q: %v", w, i, got, last, errors.Join(err, err2))
			return
		}
		_, _ = b.Get(ctx, fmt.Appendf(nil, "own %d", (w+1)%6)) // so that others' loads run
	}
}

func TestBadOptions(t *testing.T) {
	c := newCache(t, 1<<20)
	_, err := backed.NewThrough(c, newMapStore(), backed.Options{TTL: -1})
	wantErr(t, "a negative TTL", err, cache.ErrInvalidTTL)
	for _, o := range []backed.BehindOptions{{MaxQueued: -1}, {MaxQueuedBytes: -1}, {Interval: -1}, {BatchSize: -1}, {RetryMin: -1}} {
		_, err := backed.NewBehind(c, newMapStore(), o)
		wantErr(t, "a negative option", err, cache.ErrInvalidOptions)
	}
}
