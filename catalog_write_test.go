package mantisdb

import (
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// interceptedWrites is an engine whose batches are first shown to a function, which may
// refuse them.
type interceptedWrites struct {
	storage.Engine
	intercept func(o storage.WriteOptions) error
}

func (e *interceptedWrites) Write(b *storage.Batch, o storage.WriteOptions) (uint64, error) {
	if err := e.intercept(o); err != nil {
		return 0, err
	}
	return e.Engine.Write(b, o)
}

// TestCatalogWrites looks at the writes of a creation and of a drop, in a database that
// would acknowledge them before they are on disk, and has some of them fail.
func TestCatalogWrites(t *testing.T) {
	db, err := Open("", &Options{Engine: EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, refusal := []byte("k"), errors.New("refused")
	var seen []storage.Durability
	engine := &interceptedWrites{db.engine, func(o storage.WriteOptions) error {
		seen = append(seen, o.Durability)
		return refusal
	}}
	db.engine = engine

	if _, err := db.CreateKeyspace("ks", KeyspaceOptions{}); !errors.Is(err, refusal) {
		t.Errorf("a creation that failed: %v", err)
	}
	if _, err := db.Keyspace("ks"); !errors.Is(err, ErrKeyspaceNotFound) {
		t.Errorf("after a creation that failed: %v", err)
	}
	refusal = nil
	ks, err := db.CreateKeyspace("ks", KeyspaceOptions{})
	if err == nil {
		err = ks.Put(key, nil)
	}
	if err != nil {
		t.Fatal(err)
	}

	engine.intercept = func(o storage.WriteOptions) error {
		seen = append(seen, o.Durability)
		// Readers must not find the keyspace empty before they are told that it is gone.
		if _, err := ks.Get(key); !errors.Is(err, ErrKeyspaceDropped) {
			t.Errorf("Get while the drop is under way: %v", err)
		}
		return refusal
	}
	refusal = errors.New("refused")
	if err := db.DropKeyspace("ks"); !errors.Is(err, refusal) {
		t.Errorf("a drop that failed: %v", err)
	}
	if _, err := ks.Get(key); err != nil {
		t.Errorf("Get after a drop that failed: %v", err)
	}
	if same, err := db.Keyspace("ks"); same != ks || err != nil {
		t.Errorf("after a drop that failed, the keyspace is %p, %v, want %p", same, err, ks)
	}
	refusal = nil
	if err := db.DropKeyspace("ks"); err != nil {
		t.Error(err)
	}
	for i, d := range seen {
		if d != storage.DurabilitySync {
			t.Errorf("write %d of the catalog is %v, want sync", i, d)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d writes of the catalog, want 4", len(seen))
	}
}
