package cache_test

import (
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb/cache"
)

func TestPoint(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		wantAbsent(t, c, "key")
		for _, key := range []string{"key", "\x00", string(filler(cache.MaxKeyLen, 1))} {
			for _, value := range []string{"value", "", string(filler(70_000, 2)), "x"} {
				set(t, c, key, value)
				wantValue(t, c, key, value)
			}
			deleted, err := c.Delete([]byte(key))
			if err != nil || !deleted {
				t.Fatalf("Delete(%s) = %v, %v, want true", show(key), deleted, err)
			}
			wantAbsent(t, c, key)
			if deleted, err := c.Delete([]byte(key)); err != nil || deleted {
				t.Fatalf("Delete(%s) again = %v, %v, want false", show(key), deleted, err)
			}
		}
	})
}

func TestSetIfAbsent(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		for i, want := range []bool{true, false} {
			stored, err := c.SetIfAbsent([]byte("key"), []byte{byte(i)}, cache.EntryOptions{Tags: []string{"tag"}})
			if err != nil || stored != want {
				t.Fatalf("SetIfAbsent, call %d: %v, %v, want %v", i, stored, err, want)
			}
		}
		wantValue(t, c, "key", "\x00")
		if n, err := c.DeleteTag("tag"); err != nil || n != 1 {
			t.Fatalf("DeleteTag = %d, %v, want 1", n, err)
		}
		wantAbsent(t, c, "key")
	})
}

func TestGetMany(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{Budget: 4 << 20})
		var out cache.Values
		for range 2 { // the second time with the memory of the first
			set(t, c, "a", "1")
			set(t, c, "empty", "")
			set(t, c, "large", string(filler(200_000, 3)))
			keys := [][]byte{[]byte("a"), []byte("none"), []byte("large"), []byte("empty"), []byte("a")}
			ok(t, c.GetManyInto(&out, keys))
			for i, want := range []string{"1", "-", string(filler(200_000, 3)), "", "1"} {
				if got, found := out.At(i); found != (want != "-") || found && string(got) != want {
					t.Fatalf("result %d is %s, %v, want %s", i, show(got), found, show(want))
				}
			}
		}
		ok(t, c.GetManyInto(&out, nil))
		if out.Len() != 0 {
			t.Fatalf("%d results of no keys", out.Len())
		}
	})
}

// TestOwnership changes what was passed in and what was returned.
func TestOwnership(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{Ordered: true})
		key, value, tags := []byte("key"), []byte("value"), []string{"tag"}
		ok(t, c.SetWith(key, value, cache.EntryOptions{Tags: tags}))
		key[0], value[0], tags[0] = 'x', 'x', "other"
		got, err := c.Get([]byte("key"))
		ok(t, err)
		got[0] = 'y'
		wantValue(t, c, "key", "value")
		if n, err := c.DeleteTag("tag"); err != nil || n != 1 {
			t.Fatalf("DeleteTag = %d, %v, want 1", n, err)
		}
	})
}

func TestBadArguments(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		long := make([]byte, cache.MaxKeyLen+1)
		_, err := c.Get(long)
		wantErr(t, "Get of a long key", err, cache.ErrKeyTooLarge)
		wantErr(t, "Set of a long key", c.Set(long, nil), cache.ErrKeyTooLarge)
		_, err = c.Delete(long)
		wantErr(t, "Delete of a long key", err, cache.ErrKeyTooLarge)
		_, err = c.GetMany([]byte("key"), long)
		wantErr(t, "GetMany of a long key", err, cache.ErrKeyTooLarge)
		_, err = c.Get(nil)
		wantErr(t, "Get of no key", err, cache.ErrKeyEmpty)
		wantErr(t, "Set of no key", c.Set(nil, nil), cache.ErrKeyEmpty)
		wantErr(t, "a negative TTL", c.SetTTL([]byte("key"), nil, -1), cache.ErrInvalidTTL)
		for what, o := range map[string]cache.EntryOptions{
			"both":          {TTL: 1, ExpiresAt: 1},
			"before 1970":   {ExpiresAt: -1},
			"a long tag":    {Tags: []string{string(make([]byte, cache.MaxTagLen+1))}},
			"too many tags": {Tags: make([]string, cache.MaxTags+1)},
		} {
			wantErr(t, what, c.SetWith([]byte("key"), nil, o), cache.ErrInvalidOptions)
		}
		wantErr(t, "a budget of 0", c.Resize(0), cache.ErrInvalidOptions)
		wantAbsent(t, c, "key")
	})
	_, err := cache.New(cache.Options{})
	wantErr(t, "no budget", err, cache.ErrInvalidOptions)
	_, err = cache.New(cache.Options{Budget: cache.MinBudget, Engine: "other"})
	wantErr(t, "an unknown engine", err, cache.ErrUnknownEngine)
	_, err = cache.New(cache.Options{Budget: cache.MinBudget, TTL: -1})
	wantErr(t, "a negative TTL", err, cache.ErrInvalidTTL)
}

func TestClose(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{OnEvict: func(cache.Eviction) {}})
		set(t, c, "key", "value")
		ok(t, c.Close())
		ok(t, c.Close())
		var calls []error
		add := func(err error) { calls = append(calls, err) }
		_, err := c.Get([]byte("key"))
		add(err)
		_, err = c.Has([]byte("key"))
		add(err)
		_, err = c.GetMany([]byte("key"))
		add(err)
		add(c.Set([]byte("key"), nil))
		_, err = c.SetIfAbsent([]byte("key"), nil, cache.EntryOptions{})
		add(err)
		_, err = c.Delete([]byte("key"))
		add(err)
		_, err = c.DeletePrefix([]byte("k"))
		add(err)
		_, err = c.DeleteTag("tag")
		add(err)
		_, err = c.Clear()
		add(err)
		add(c.Resize(cache.MinBudget))
		_, err = c.Stats()
		add(err)
		_, err = c.GetOrLoad(t.Context(), []byte("key"), nil)
		add(err)
		for i, err := range calls {
			if !errors.Is(err, cache.ErrClosed) {
				t.Errorf("call %d after Close: %v, want ErrClosed", i, err)
			}
		}
	})
}

func TestStats(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		set(t, c, "a", "12345")
		set(t, c, "a", "1234")
		set(t, c, "b", "12")
		for _, key := range []string{"a", "a", "none"} {
			_, _ = c.Get([]byte(key))
		}
		_, err := c.GetMany([]byte("a"), []byte("none"))
		ok(t, err)
		_, err = c.Has([]byte("none"))
		ok(t, err)
		_, err = c.Delete([]byte("b"))
		ok(t, err)
		s := stats(t, c)
		if s.Hits != 3 || s.Misses != 2 || s.Sets != 3 || s.Replaced != 1 || s.Removed != 1 || s.Entries != 1 {
			t.Fatalf("wrong figures: %+v", s)
		}
		if s.DataBytes != 5 || s.Bytes < s.DataBytes || s.Budget != 1<<20 || s.Engine != c.Engine() {
			t.Fatalf("wrong sizes: %+v", s)
		}
		if got := s.HitRatio(); got != 0.6 {
			t.Fatalf("HitRatio is %v, want 0.6", got)
		}
	})
}
