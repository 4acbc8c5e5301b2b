package server

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

func TestTransact(t *testing.T) {
	store, db := openLocal(t)
	ctx := t.Context()
	a, b, none := []byte("a"), []byte("b"), []byte("none")
	for _, key := range [][]byte{a, b} {
		if err := db.Put(key, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Put([]byte("empty"), nil); err != nil {
		t.Fatal(err)
	}
	_, meta, err := db.AppendGetMeta(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	good := Condition{Key: a, ByValue: true, Value: a}
	for name, c := range map[string]struct {
		conditions []Condition
		failed     int // -1: none
		version    uint64
		tells      string
	}{
		"no condition":        {nil, -1, 0, ""},
		"all kinds":           {[]Condition{good, {Key: b, Version: meta.Version}, {Key: none}}, -1, 0, ""},
		"an empty value":      {[]Condition{{Key: []byte("empty"), ByValue: true}}, -1, 0, ""},
		"another version":     {[]Condition{good, {Key: b, Version: meta.Version + 1}}, 1, meta.Version, "condition 1 does not hold: the key has another value"},
		"another value":       {[]Condition{{Key: b, ByValue: true, Value: a}, good}, 0, meta.Version, "condition 0 does not hold: the key has another value"},
		"a present key":       {[]Condition{good, good, {Key: b}}, 2, meta.Version, "another value"},
		"a version of none":   {[]Condition{{Key: none, Version: 1}}, 0, 0, "condition 0 does not hold: the key is absent"},
		"an empty one absent": {[]Condition{{Key: none, ByValue: true}}, 0, 0, "the key is absent"},
	} {
		var batch mantisdb.Batch
		batch.PutTTL([]byte("x"), []byte(name), time.Hour)
		batch.Delete([]byte("y"))
		db.Delete([]byte("x"))
		db.Put([]byte("y"), nil)
		err := store.Transact(ctx, c.conditions, &batch, mantisdb.WriteOptions{Durability: mantisdb.DurabilityMemory})
		var failed *ConditionError
		if errors.As(err, &failed) {
			if failed.Index != c.failed || failed.Version != c.version || !strings.Contains(err.Error(), c.tells) {
				t.Errorf("%s: %+v, %v", name, failed, err)
			}
		} else if err != nil || c.failed >= 0 {
			t.Errorf("%s: %v", name, err)
		}
		_, x, _ := db.AppendGetMeta(nil, []byte("x"))
		y, _ := db.Has([]byte("y"))
		if done := c.failed < 0; (x.ExpiresAt != 0) != done || y == done {
			t.Errorf("%s: x expires at %d, y is there: %v", name, x.ExpiresAt, y)
		}
	}
	if stats, err := db.Stats(); err != nil || stats.OpenSnapshots != 0 {
		t.Errorf("transactions hold on: %+v, %v", stats, err)
	}
}

// TestTransactMeetsAWrite: a write between the conditions and the commit makes it
// look again.
func TestTransactMeetsAWrite(t *testing.T) {
	store, db := openLocal(t)
	k := []byte("k")
	if err := db.Put(k, []byte("old")); err != nil {
		t.Fatal(err)
	}
	var batch mantisdb.Batch
	batch.Put(k, []byte("mine"))
	conditions := []Condition{{Key: k, ByValue: true, Value: []byte("old")}, {Key: []byte("none")}}
	meddler := meddlingContext{t.Context(), 3, func() { db.Put(k, []byte("theirs")) }}
	err := store.Transact(&meddler, conditions, &batch, mantisdb.WriteOptions{})
	if failed := (*ConditionError)(nil); !errors.As(err, &failed) || failed.Index != 0 {
		t.Errorf("%v", err)
	}
	if value, err := db.Get(k); err != nil || string(value) != "theirs" {
		t.Errorf("%q, %v", value, err)
	}
}

// meddlingContext calls meddle when it is asked for its error the nth time: the
// first is when a transaction begins, and then before each condition.
type meddlingContext struct {
	context.Context
	n      int
	meddle func()
}

func (m *meddlingContext) Err() error {
	if m.n--; m.n == 0 {
		m.meddle()
	}
	return m.Context.Err()
}

func TestLocalModify(t *testing.T) {
	store, db := openLocal(t)
	k, v := []byte("k"), []byte("v")
	if err := db.Put(k, []byte("old")); err != nil {
		t.Fatal(err)
	}
	before, done, err := store.Modify(t.Context(), k, mantisdb.Modification{Kind: mantisdb.ModifyExchange, Value: v}, mantisdb.WriteOptions{TTL: time.Hour})
	if err != nil || string(before) != "old" || !done.Existed || done.Version == 0 {
		t.Errorf("%q, %+v, %v", before, done, err)
	}
	value, meta, err := db.AppendGetMeta(nil, k)
	if err != nil || string(value) != "v" || meta.Version != done.Version || meta.ExpiresAt == 0 {
		t.Errorf("%q, %+v, %v", value, meta, err)
	}
}
