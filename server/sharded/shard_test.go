package sharded

import (
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// TestShardWatchOfAnother: a shard's watch goes on behind a position of what it is a watch of, and of
// nothing else: not of a keyspace of that name that was dropped, nor of another group.
func TestShardWatchOfAnother(t *testing.T) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// watch watches the keyspace behind a position, and returns where that is.
	watch := func(history uint64, after shardPosition) (shardPosition, error) {
		ks, err := NewShard(&cluster.Route{DB: db, History: history}).Named(t.Context(), "ks")
		if err != nil {
			t.Fatal(err)
		}
		w, err := ks.Watch(t.Context(), mantisdb.Range{}, after.text())
		if err != nil {
			return shardPosition{}, err
		}
		defer w.Close()
		at, err := parseShardPosition(positionOf(w))
		if err != nil {
			t.Fatal(err)
		}
		return at, nil
	}
	if _, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{}); err != nil {
		t.Fatal(err)
	}
	at, err := watch(1, shardPosition{})
	if err != nil || at.history != 1 || at.keyspace == 0 || at.from == 0 {
		t.Fatalf("a watch begins at %+v, %v", at, err)
	}
	if again, err := watch(1, at); err != nil || again != at {
		t.Errorf("behind %+v a watch begins at %+v, %v", at, again, err)
	}
	if _, err := watch(2, at); !errors.Is(err, mantisdb.ErrHistoryGone) {
		t.Errorf("behind a position of another group: %v", err)
	}
	if err := db.DropKeyspace("ks"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := watch(1, at); !errors.Is(err, mantisdb.ErrHistoryGone) {
		t.Errorf("behind a position of a keyspace that was dropped: %v", err)
	}
}
