package cache_test

import (
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

func TestExpiry(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		ok(t, c.SetTTL([]byte("hour"), []byte("1"), time.Hour))
		ok(t, c.SetTTL([]byte("day"), []byte("2"), 24*time.Hour))
		set(t, c, "ever", "3")
		ok(t, c.SetTTL([]byte("forever"), []byte("4"), cache.Forever))
		ok(t, c.SetTTL([]byte("long"), []byte("5"), cache.Forever-1))
		cache.Step(c, time.Hour-time.Minute)
		wantValue(t, c, "hour", "1")
		cache.Step(c, 2*time.Minute)
		wantAbsent(t, c, "hour")
		wantValue(t, c, "day", "2")
		stored, err := c.SetIfAbsent([]byte("hour"), []byte("6"), cache.EntryOptions{})
		if err != nil || !stored {
			t.Fatalf("SetIfAbsent of an expired key: %v, %v, want true", stored, err)
		}
		wantValue(t, c, "hour", "6")
		cache.Step(c, 100*365*24*time.Hour)
		wantAbsent(t, c, "day")
		for key, value := range map[string]string{"ever": "3", "forever": "4", "long": "5", "hour": "6"} {
			wantValue(t, c, key, value)
		}
		if deleted, err := c.Delete([]byte("day")); err != nil || deleted {
			t.Fatalf("Delete of an expired key: %v, %v, want false", deleted, err)
		}
	})
}

// TestExpiryIsReplaced: a later value brings its own expiry, or none.
func TestExpiryIsReplaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		ok(t, c.SetTTL([]byte("a"), []byte("1"), time.Minute))
		set(t, c, "a", "2")
		set(t, c, "b", "1")
		ok(t, c.SetTTL([]byte("b"), []byte("2"), time.Minute))
		cache.Step(c, time.Hour)
		wantValue(t, c, "a", "2")
		wantAbsent(t, c, "b")
	})
}

func TestExpiresAt(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		set(t, c, "key", "old")
		past := cache.EntryOptions{ExpiresAt: cache.Now(c) - 1}
		ok(t, c.SetWith([]byte("key"), []byte("new"), past))
		wantAbsent(t, c, "key")
		ok(t, c.SetWith([]byte("key"), []byte("new"), cache.EntryOptions{ExpiresAt: cache.Now(c) + 60_000}))
		wantValue(t, c, "key", "new")
		cache.Step(c, time.Minute)
		wantAbsent(t, c, "key")
	})
}

func TestDefaultTTL(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{TTL: time.Minute})
		set(t, c, "default", "1")
		ok(t, c.SetTTL([]byte("own"), []byte("2"), time.Hour))
		ok(t, c.SetTTL([]byte("forever"), []byte("3"), cache.Forever))
		cache.Step(c, 10*time.Minute)
		wantAbsent(t, c, "default")
		wantValue(t, c, "own", "2")
		wantValue(t, c, "forever", "3")
	})
}

// TestExpiredIsGivenBack: what has expired leaves memory by itself.
func TestExpiredIsGivenBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		for i := range 100 {
			ok(t, c.SetTTL([]byte{byte(i)}, filler(1000, 1), time.Minute))
		}
		set(t, c, "stays", "1")
		cache.Step(c, 2*time.Hour)
		eventually(t, "expired entries leave", func() bool {
			s := stats(t, c)
			return s.Entries == 1 && s.Expired == 100 && s.DataBytes == 6
		})
	})
}
