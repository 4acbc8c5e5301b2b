package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

func openLocal(t *testing.T) (Local, *mantisdb.DB) {
	t.Helper()
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return NewLocal(db), db
}

func TestLocal(t *testing.T) {
	ctx := t.Context()
	var store Database
	store, _ = openLocal(t)
	k, v := []byte("k"), []byte("v")

	if _, _, err := store.Get(ctx, nil, k); !errors.Is(err, mantisdb.ErrNotFound) {
		t.Errorf("Get of an absent key: %v", err)
	}
	if err := store.Put(ctx, k, v, mantisdb.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	got, meta, err := store.Get(ctx, []byte("dst:"), k)
	if err != nil || string(got) != "dst:v" || meta.Version == 0 || meta.ExpiresAt != 0 {
		t.Errorf("Get: %q, %+v, %v", got, meta, err)
	}
	if stored, err := store.PutIfAbsent(ctx, k, []byte("w"), mantisdb.WriteOptions{}); stored || err != nil {
		t.Errorf("PutIfAbsent of a present key: %v, %v", stored, err)
	}
	if stored, err := store.PutIfAbsent(ctx, []byte("t"), v, mantisdb.WriteOptions{TTL: time.Hour}); !stored || err != nil {
		t.Errorf("PutIfAbsent: %v, %v", stored, err)
	}
	if err := store.Put(ctx, []byte("u"), v, mantisdb.WriteOptions{TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"t", "u"} {
		if _, meta, err := store.Get(ctx, nil, []byte(key)); err != nil || meta.ExpiresAt == 0 {
			t.Errorf("%s: %+v, %v", key, meta, err)
		}
	}
	if ok, err := store.Has(ctx, k); !ok || err != nil {
		t.Errorf("Has: %v, %v", ok, err)
	}
	var values mantisdb.Values
	if err := store.MultiGet(ctx, &values, [][]byte{k, []byte("none")}); err != nil || values.Len() != 2 {
		t.Fatalf("MultiGet: %d, %v", values.Len(), err)
	}
	if value, ok := values.At(0); !ok || !bytes.Equal(value, v) {
		t.Errorf("MultiGet: %q, %v", value, ok)
	}
	if _, ok := values.At(1); ok {
		t.Error("MultiGet found an absent key")
	}
	if err := store.Delete(ctx, k, mantisdb.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var batch mantisdb.Batch
	batch.Put([]byte("b"), v)
	batch.Delete([]byte("u"))
	if err := store.Write(ctx, &batch, mantisdb.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for entry, err := range store.Scan(ctx, mantisdb.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(entry.Key))
	}
	if fmt.Sprint(keys) != "[b t]" {
		t.Errorf("Scan: %v", keys)
	}
	if stats, err := store.Stats(ctx); err != nil || stats.Puts != 4 {
		t.Errorf("Stats: %+v, %v", stats, err)
	}
}

// TestLocalAfterItsTime: a context that is done, and a database that is closed,
// are errors of every method, and nothing is written.
func TestLocalAfterItsTime(t *testing.T) {
	store, db := openLocal(t)
	store = store.WithCheckpoints(t.TempDir())
	k := []byte("k")
	methods := map[string]func(context.Context) error{
		"Get":      func(ctx context.Context) error { _, _, err := store.Get(ctx, nil, k); return err },
		"Has":      func(ctx context.Context) error { _, err := store.Has(ctx, k); return err },
		"MultiGet": func(ctx context.Context) error { return store.MultiGet(ctx, new(mantisdb.Values), [][]byte{k}) },
		"Put":      func(ctx context.Context) error { return store.Put(ctx, k, k, mantisdb.WriteOptions{}) },
		"PutTTL":   func(ctx context.Context) error { return store.Put(ctx, k, k, mantisdb.WriteOptions{TTL: time.Hour}) },
		"PutIfAbsent": func(ctx context.Context) error {
			_, err := store.PutIfAbsent(ctx, k, k, mantisdb.WriteOptions{})
			return err
		},
		"Sync":       func(ctx context.Context) error { return store.Sync(ctx) },
		"Backup":     func(ctx context.Context) error { _, err := store.Backup(ctx, io.Discard); return err },
		"Checkpoint": func(ctx context.Context) error { _, err := store.Checkpoint(ctx, "x"); return err },
		"Delete":     func(ctx context.Context) error { return store.Delete(ctx, k, mantisdb.WriteOptions{}) },
		"Write": func(ctx context.Context) error {
			var b mantisdb.Batch
			b.Put(k, k)
			return store.Write(ctx, &b, mantisdb.WriteOptions{})
		},
		"Modify": func(ctx context.Context) error {
			_, _, err := store.Modify(ctx, k, mantisdb.Modification{Kind: mantisdb.ModifyAppend, Value: k}, mantisdb.WriteOptions{})
			return err
		},
		"Transact": func(ctx context.Context) error {
			var b mantisdb.Batch
			b.Put(k, k)
			return store.Transact(ctx, nil, &b, mantisdb.WriteOptions{})
		},
		"Transact if": func(ctx context.Context) error {
			return store.Transact(ctx, []Condition{{Key: k, Version: 7}}, new(mantisdb.Batch), mantisdb.WriteOptions{})
		},
		"Scan": func(ctx context.Context) error {
			for _, err := range store.Scan(ctx, mantisdb.Range{}) {
				return err
			}
			return nil
		},
		"Stats": func(ctx context.Context) error { _, err := store.Stats(ctx); return err },
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, method := range methods {
		if err := method(done); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that is done: %v", name, err)
		}
	}
	if stats, err := db.Stats(); err != nil || stats.Puts != 0 {
		t.Errorf("something was written: %+v, %v", stats, err)
	}
	db.Close()
	for name, method := range methods {
		if err := method(t.Context()); !errors.Is(err, mantisdb.ErrClosed) {
			t.Errorf("%s of a closed database: %v", name, err)
		}
	}
}

func TestLocalScanStops(t *testing.T) {
	store, db := openLocal(t)
	for i := range 10 {
		if err := db.Put([]byte{byte(i + 1)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen int
	var last error
	for _, err := range store.Scan(ctx, mantisdb.Range{}) {
		if last = err; err == nil {
			if seen++; seen == 3 {
				cancel()
			}
		}
	}
	if seen != 3 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d entries, %v", seen, last)
	}
	for range store.Scan(t.Context(), mantisdb.Range{}) {
		break
	}
	if stats, err := db.Stats(); err != nil || stats.OpenSnapshots != 0 {
		t.Errorf("a scan that was left holds on: %+v, %v", stats, err)
	}
}
