package mantisdb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// nextChanges are so many changes of a watch, in words.
func nextChanges(t *testing.T, w *mantisdb.Watch, n int) (changes []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range n {
		c, err := w.Next(ctx)
		if err != nil {
			t.Fatalf("after %q: %v", changes, err)
		}
		switch c.Kind {
		case mantisdb.ChangePut:
			changes = append(changes, fmt.Sprintf("put %q=%s", c.Key, c.Value))
		case mantisdb.ChangeDelete:
			changes = append(changes, fmt.Sprintf("delete %q", c.Key))
		case mantisdb.ChangeDeleteRange:
			changes = append(changes, fmt.Sprintf("delete from %q %v to %q %v", c.Key, c.Key == nil, c.End, c.End == nil))
		}
	}
	return changes
}

func wantChanges(t *testing.T, w *mantisdb.Watch, want ...string) {
	t.Helper()
	if got := nextChanges(t, w, len(want)); !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := w.Next(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("one more: %+v, %v", c, err)
	}
}

// TestWatchOfKeyspaces: a watch tells the keys as the user has them, and nothing of
// what is in other keyspaces or is the database's own.
func TestWatchOfKeyspaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		all, err := db.Watch(mantisdb.Range{}, 0)
		ok(t, err)
		defer all.Close()
		ks, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{})
		ok(t, err)
		in, err := ks.Watch(mantisdb.Range{}, 0)
		ok(t, err)
		defer in.Close()
		some, err := ks.Watch(mantisdb.Range{Start: []byte("b"), End: []byte("d")}, 0)
		ok(t, err)
		defer some.Close()

		var b mantisdb.Batch
		ok(t, b.Put([]byte("\x00\x01k"), []byte("1")))
		ok(t, b.In(ks).Put([]byte("\x00"), []byte("2")))
		ok(t, b.In(ks).Put([]byte("c"), []byte("3")))
		ok(t, b.SetAppliedIndex([]byte("index")))
		ok(t, b.Delete([]byte("\x00")))
		ok(t, db.Write(&b))
		ok(t, db.DeleteRange(mantisdb.Range{}))
		ok(t, db.DeleteRange(mantisdb.Range{Start: []byte("\x00\x02"), End: []byte("\x00\x03")}))
		ok(t, ks.DeleteRange(mantisdb.Range{}))
		ok(t, ks.DeleteRange(mantisdb.Range{Start: []byte("a"), End: []byte("c")}))

		wantChanges(t, all, `put "\x00\x01k"=1`, `delete "\x00"`, `delete from "" true to "" true`,
			`delete from "\x00\x02" false to "\x00\x03" false`)
		wantChanges(t, in, `put "\x00"=2`, `put "c"=3`, `delete from "" true to "" true`,
			`delete from "a" false to "c" false`)
		wantChanges(t, some, `put "c"=3`, `delete from "b" false to "d" false`, `delete from "b" false to "c" false`)
	})
}

// TestWatchOfDroppedKeyspace: a watch ends with its keyspace, also one that waits.
func TestWatchOfDroppedKeyspace(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		ks, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{})
		ok(t, err)
		w, err := ks.Watch(mantisdb.Range{}, 0)
		ok(t, err)
		defer w.Close()
		waiting := make(chan error)
		go func() {
			for {
				if _, err := w.Next(t.Context()); err != nil {
					waiting <- err
					return
				}
			}
		}()
		time.Sleep(20 * time.Millisecond)
		ok(t, db.DropKeyspace("ks"))
		select {
		case err := <-waiting:
			wantErr(t, "a watch of a dropped keyspace", err, mantisdb.ErrKeyspaceDropped)
		case <-time.After(10 * time.Second):
			t.Fatal("a watch of a dropped keyspace goes on waiting")
		}
		_, err = ks.Watch(mantisdb.Range{}, 0)
		wantErr(t, "to watch a dropped keyspace", err, mantisdb.ErrKeyspaceDropped)
	})
}
