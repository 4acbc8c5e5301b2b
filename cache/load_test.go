package cache_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// gate is a load that waits to be let through.
type gate struct {
	began chan struct{} // one for each load that began
	pass  chan string   // what they return
	tags  []string
}

func newGate() *gate { return &gate{began: make(chan struct{}, 100), pass: make(chan string)} }

func (g *gate) load(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
	g.began <- struct{}{}
	return []byte(<-g.pass), cache.EntryOptions{Tags: g.tags}, nil
}

// loading is a GetOrLoad that goes on in the background.
func loading(c *cache.Cache, key string, load cache.Loader) chan loaded {
	result := make(chan loaded, 1)
	go func() {
		value, err := c.GetOrLoad(context.Background(), []byte(key), load)
		result <- loaded{string(value), err}
	}()
	return result
}

type loaded struct {
	value string
	err   error
}

func value(text string) cache.Loader {
	return func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
		return []byte(text), cache.EntryOptions{}, nil
	}
}

func mustNotLoad(t testing.TB) cache.Loader {
	return func(_ context.Context, key []byte) ([]byte, cache.EntryOptions, error) {
		t.Errorf("%q is loaded, but should be there", key)
		return nil, cache.EntryOptions{}, errors.New("loaded")
	}
}

func want(t testing.TB, what string, got loaded, value string) {
	t.Helper()
	if got.err != nil || got.value != value {
		t.Fatalf("%s got %s, %v, want %s", what, show(got.value), got.err, show(value))
	}
}

func TestGetOrLoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		want(t, "the first", <-loading(c, "key", value("1")), "1")
		wantValue(t, c, "key", "1")
		want(t, "the second", <-loading(c, "key", mustNotLoad(t)), "1")
		want(t, "an empty one", <-loading(c, "empty", value("")), "")
		wantValue(t, c, "empty", "")
		hour := func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
			return []byte("2"), cache.EntryOptions{TTL: time.Hour, Tags: []string{"tag"}}, nil
		}
		want(t, "one with options", <-loading(c, "hour", hour), "2")
		want(t, "another", <-loading(c, "hour2", hour), "2")
		cache.Step(c, 30*time.Minute)
		wantValue(t, c, "hour", "2")
		wantDeleted(t, 2)(c.DeleteTag("tag"))
		if s := stats(t, c); s.Loads != 4 || s.LoadErrors != 0 || s.Overtaken != 0 {
			t.Fatalf("wrong figures: %+v", s)
		}
	})
}

// TestSingleFlight has many ask for a few keys at once.
func TestSingleFlight(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		for round := range 20 {
			var loads atomic.Int32
			var waiters sync.WaitGroup
			for range 32 {
				waiters.Go(func() {
					got, err := c.GetOrLoad(t.Context(), []byte{byte(round)}, func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
						loads.Add(1)
						time.Sleep(time.Millisecond)
						return []byte("value"), cache.EntryOptions{}, nil
					})
					if err != nil || string(got) != "value" {
						t.Errorf("got %q, %v", got, err)
					}
					got[0] = 'x' // each has its own
				})
			}
			waiters.Wait()
			if loads.Load() != 1 {
				t.Fatalf("%d loads of one key", loads.Load())
			}
		}
	})
}

func TestLoadErrors(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		broken := errors.New("broken")
		_, err := c.GetOrLoad(t.Context(), []byte("key"), func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
			return []byte("value"), cache.EntryOptions{}, broken
		})
		wantErr(t, "GetOrLoad", err, broken)
		wantAbsent(t, c, "key")
		_, err = c.GetOrLoad(t.Context(), []byte("key"), func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
			return []byte("value"), cache.EntryOptions{TTL: -1}, nil
		})
		wantErr(t, "a wrong option", err, cache.ErrInvalidTTL)
		wantAbsent(t, c, "key")
		_, err = c.GetOrLoad(t.Context(), []byte("key"), func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
			runtime.Goexit()
			return nil, cache.EntryOptions{}, nil
		})
		wantErr(t, "Goexit", err, cache.ErrLoadExited)
		if s := stats(t, c); s.Loads != 3 || s.LoadErrors != 3 {
			t.Fatalf("wrong figures: %+v", s)
		}
		large := string(filler(2<<20, 1))
		want(t, "a value too large to be stored", <-loading(c, "key", value(large)), large)
		wantAbsent(t, c, "key")
	})
}

// TestLoadPanic: every waiter panics with what the load did, and the next one loads anew.
func TestLoadPanic(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		broken := errors.New("broken")
		release := make(chan struct{})
		panicked := make(chan any, 4)
		for range 4 {
			go func() {
				defer func() { panicked <- recover() }()
				_, _ = c.GetOrLoad(context.Background(), []byte("key"), func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
					<-release
					panic(broken)
				})
			}()
		}
		close(release)
		for range 4 {
			p, is := (<-panicked).(*cache.LoadPanic)
			if !is || !errors.Is(p, broken) || len(p.Stack) == 0 {
				t.Fatalf("a waiter panicked with %v", p)
			}
		}
		want(t, "the next", <-loading(c, "key", value("1")), "1")
	})
}

// TestWaiterLeaves: who waits leaves when their context ends, and the load goes on.
func TestWaiterLeaves(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		g := newGate()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		var loadCtx context.Context
		go func() {
			_, err := c.GetOrLoad(ctx, []byte("key"), func(ctx context.Context, key []byte) ([]byte, cache.EntryOptions, error) {
				loadCtx = ctx
				return g.load(ctx, key)
			})
			left <- err
		}()
		<-g.began
		stays := loading(c, "key", mustNotLoad(t))
		cancel()
		wantErr(t, "who left", <-left, context.Canceled)
		g.pass <- "1"
		want(t, "who stayed", <-stays, "1")
		ok(t, loadCtx.Err())
		wantValue(t, c, "key", "1")
		_, err := c.GetOrLoad(ctx, []byte("other"), mustNotLoad(t))
		wantErr(t, "who came with a context that had ended", err, context.Canceled)
		if got, err := c.GetOrLoad(ctx, []byte("key"), mustNotLoad(t)); err != nil || string(got) != "1" {
			t.Fatalf("what is there is read whatever the context: %q, %v", got, err)
		}
	})
}

// TestOvertakenLoad: what is written or deleted while a load runs is not undone by it, and
// who comes after the write does not get what was loaded before.
func TestOvertakenLoad(t *testing.T) {
	type write struct {
		name  string
		write func(c *cache.Cache) error
		after string // what the key has then
	}
	writes := []write{
		{"Set", func(c *cache.Cache) error { return c.Set([]byte("key"), []byte("new")) }, "new"},
		{"SetIfAbsent", func(c *cache.Cache) error {
			_, err := c.SetIfAbsent([]byte("key"), []byte("new"), cache.EntryOptions{})
			return err
		}, "new"},
		{"SetAndDelete", func(c *cache.Cache) error {
			_, err := c.Delete([]byte("key"))
			return errors.Join(c.Set([]byte("key"), []byte("new")), err, remove(c, "key"))
		}, ""},
		{"Delete", func(c *cache.Cache) error { return remove(c, "key") }, ""},
		{"DeletePrefix", func(c *cache.Cache) error { _, err := c.DeletePrefix([]byte("ke")); return err }, ""},
		{"DeleteTag", func(c *cache.Cache) error { _, err := c.DeleteTag("tag"); return err }, ""},
		{"Clear", func(c *cache.Cache) error { _, err := c.Clear(); return err }, ""},
	}
	eachEngine(t, func(t *testing.T, open opener) {
		for _, w := range writes {
			t.Run(w.name, func(t *testing.T) {
				c := open(t, cache.Options{})
				g := newGate()
				g.tags = []string{"tag"}
				before := loading(c, "key", g.load)
				<-g.began
				ok(t, w.write(c))
				after := loading(c, "key", value("newest"))
				if w.name == "DeleteTag" {
					// Which tags the load brings is not known before its end.
					select {
					case got := <-after:
						t.Fatalf("who came later got %v before the load has ended", got)
					case <-time.After(20 * time.Millisecond):
					}
					g.pass <- "old"
					want(t, "who came later", <-after, "newest")
				} else {
					if w.after == "" {
						w.after = "newest"
					}
					want(t, "who came later", <-after, w.after)
					g.pass <- "old"
				}
				want(t, "who came before", <-before, "old")
				if w.after == "" {
					w.after = "newest"
				}
				wantValue(t, c, "key", w.after)
				if s := stats(t, c); s.Overtaken != 1 {
					t.Fatalf("wrong figures: %+v", s)
				}
			})
		}
	})
}

func remove(c *cache.Cache, key string) error {
	_, err := c.Delete([]byte(key))
	return err
}

// TestOthersDoNotDisturbALoad: writes of other keys, prefixes and tags.
func TestOthersDoNotDisturbALoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		g := newGate()
		g.tags = []string{"tag"}
		result := loading(c, "key", g.load)
		<-g.began
		set(t, c, "other", "1", "tag2")
		_, err := c.DeletePrefix([]byte("keys"))
		ok(t, err)
		_, err = c.DeleteTag("tag2")
		ok(t, err)
		joined := loading(c, "key", mustNotLoad(t))
		time.Sleep(5 * time.Millisecond)
		g.pass <- "1"
		want(t, "the first", <-result, "1")
		want(t, "the second", <-joined, "1")
		wantValue(t, c, "key", "1")
	})
}

// TestLoadsAndWrites lets loads and writes of a source and of the cache meet. The source
// is written before the cache; so what the cache has in the end is what the source has.
func TestLoadsAndWrites(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		for range scaled(2000) {
			var source atomic.Value
			source.Store("old")
			load := func(context.Context, []byte) ([]byte, cache.EntryOptions, error) {
				value := source.Load().(string)
				runtime.Gosched()
				return []byte(value), cache.EntryOptions{Tags: []string{"tag"}}, nil
			}
			var workers sync.WaitGroup
			for range 3 {
				workers.Go(func() { _, _ = c.GetOrLoad(context.Background(), []byte("key"), load) })
			}
			workers.Go(func() {
				source.Store("new")
				_, err := c.DeleteTag("tag")
				if got, err2 := c.GetOrLoad(context.Background(), []byte("key"), load); string(got) != "new" {
					t.Errorf("after DeleteTag: %q, %v", got, errors.Join(err, err2))
				}
			})
			workers.Wait()
			want(t, "in the end", <-loading(c, "key", load), "new")
			ok(t, remove(c, "key"))
		}
	})
}

// TestTagDroppedOften: what a load that takes long keeps of a tag does not grow with how often
// that is dropped.
func TestTagDroppedOften(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		g := newGate()
		g.tags = []string{"a"}
		result := loading(c, "key", g.load)
		<-g.began
		for range 1000 {
			for _, tag := range []string{"a", "b"} {
				_, err := c.DeleteTag(tag)
				ok(t, err)
			}
		}
		if n := cache.DroppedTags(c); n != 2 {
			t.Errorf("%d tags noted of two", n)
		}
		g.pass <- "1"
		want(t, "who asked before", <-result, "1")
		wantAbsent(t, c, "key")
	})
}
