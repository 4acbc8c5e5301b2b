package dbstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
	"github.com/mantisdb/mantisdb/cache/backed/dbstore"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openDB(t testing.TB, dir string) *mantisdb.DB {
	t.Helper()
	db, err := mantisdb.Open(dir, nil)
	ok(t, err)
	t.Cleanup(func() { ok(t, db.Close()) })
	return db
}

func newCache(t testing.TB) *cache.Cache {
	t.Helper()
	c, err := cache.New(cache.Options{Budget: 1 << 20})
	ok(t, err)
	t.Cleanup(func() { ok(t, c.Close()) })
	return c
}

func TestThroughDB(t *testing.T) {
	db := openDB(t, "")
	through, err := backed.NewThrough(newCache(t), dbstore.New(db, nil), backed.Options{})
	ok(t, err)
	ctx := t.Context()
	ok(t, db.Put([]byte("old"), []byte("1")))
	if got, err := through.Get(ctx, []byte("old")); err != nil || string(got) != "1" {
		t.Fatalf("Get = %q, %v", got, err)
	}
	ok(t, through.SetTTL(ctx, []byte("key"), []byte("2"), time.Hour))
	if got, err := db.Get([]byte("key")); err != nil || string(got) != "2" {
		t.Fatalf("the database has %q, %v", got, err)
	}
	if ttl, err := db.TTL([]byte("key")); err != nil || ttl > time.Hour || ttl < time.Hour-time.Minute {
		t.Fatalf("in the database it lives for %v, %v", ttl, err)
	}
	ok(t, through.Delete(ctx, []byte("key")))
	if has, err := db.Has([]byte("key")); err != nil || has {
		t.Fatalf("the database has it: %v, %v", has, err)
	}
	if _, err := through.Get(ctx, []byte("key")); !errors.Is(err, backed.ErrNotFound) {
		t.Fatalf("Get = %v, want ErrNotFound", err)
	}
	if err := through.Set(ctx, nil, nil); !errors.Is(err, mantisdb.ErrKeyEmpty) && !errors.Is(err, cache.ErrKeyEmpty) {
		t.Fatalf("Set of no key: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := through.Set(ended, []byte("key"), nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("Set with a context that has ended: %v", err)
	}
}

// TestKeyspaceTTL: what is written expires in the cache as it does in the keyspace.
func TestKeyspaceTTL(t *testing.T) {
	db := openDB(t, "")
	ks, err := db.CreateKeyspace("sessions", mantisdb.KeyspaceOptions{TTL: 50 * time.Millisecond})
	ok(t, err)
	through, err := backed.NewThrough(newCache(t), dbstore.New(db, ks), backed.Options{})
	ok(t, err)
	ok(t, through.Set(t.Context(), []byte("key"), []byte("1")))
	if has, err := db.Has([]byte("key")); err != nil || has {
		t.Fatalf("it is in the default keyspace: %v, %v", has, err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := through.Get(t.Context(), []byte("key"))
		if errors.Is(err, backed.ErrNotFound) {
			break
		}
		ok(t, err)
		if time.Now().After(deadline) {
			t.Fatal("it never expires")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestBehindDB(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := mantisdb.Open(dir, nil)
	ok(t, err)
	behind, err := backed.NewBehind(newCache(t), dbstore.New(db, nil), backed.BehindOptions{})
	ok(t, err)
	const keys = 2000
	for i := range 3 * keys {
		ok(t, behind.Set(t.Context(), fmt.Append(nil, i%keys), fmt.Append(nil, i)))
	}
	ok(t, behind.Close(t.Context()))
	ok(t, db.Close())
	db = openDB(t, dir)
	for i := range keys {
		want := fmt.Sprint(2*keys + i)
		if got, err := db.Get(fmt.Append(nil, i)); err != nil || string(got) != want {
			t.Fatalf("the database has %q of %d, %v, want %s", got, i, err, want)
		}
	}
}
