package mantisdb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// TestWatchOfKeyspaces: each watch is told what happens in its keyspace, in the user's
// keys, and nothing of the system's or of another's.
func TestWatchOfKeyspaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		a, b := createKeyspace(t, db, "a", mantisdb.KeyspaceOptions{}), createKeyspace(t, db, "b", mantisdb.KeyspaceOptions{})
		watches := make(map[*mantisdb.Keyspace]*mantisdb.Watch)
		for _, ks := range []*mantisdb.Keyspace{db.DefaultKeyspace(), a, b} {
			watch, err := ks.Watch(mantisdb.Range{}, 0)
			ok(t, err)
			defer watch.Close()
			watches[ks] = watch
		}
		part, err := a.Watch(mantisdb.Range{Start: []byte{0}, End: []byte("m")}, 0)
		ok(t, err)
		defer part.Close()

		var batch mantisdb.Batch
		for _, ks := range []*mantisdb.Keyspace{nil, a} {
			in := batch.In(ks)
			ok(t, in.Put([]byte{0, 0, 'k'}, []byte("v")))
			ok(t, in.Put([]byte("k"), []byte("v")))
			ok(t, in.Delete([]byte{0}))
			ok(t, in.DeleteRange(mantisdb.Range{Start: []byte{0, 1}, End: []byte{0, 2}}))
			ok(t, in.DeleteRange(mantisdb.Range{Start: []byte("k")}))
			ok(t, in.DeleteRange(mantisdb.Range{End: []byte("k")}))
			ok(t, in.DeleteRange(mantisdb.Range{}))
		}
		ok(t, batch.SetAppliedIndex([]byte("7")))
		ok(t, db.Write(&batch))
		createKeyspace(t, db, "c", mantisdb.KeyspaceOptions{})
		ok(t, db.DropKeyspace("b"))

		all := `put "\x00\x00k", put "k", delete "\x00", range "\x00\x01" to "\x00\x02", range "k" to nil, range nil to "k", range nil to nil, `
		for ks, want := range map[*mantisdb.Keyspace]string{db.DefaultKeyspace(): all, a: all, b: "range nil to nil, "} {
			if got := changes(t, watches[ks]); got != want {
				t.Errorf("the watch of %q was told %s, want %s", ks.Name(), got, want)
			}
		}
		want := `put "\x00\x00k", put "k", delete "\x00", range "\x00\x01" to "\x00\x02", range "k" to "m", range "\x00" to "k", range "\x00" to "m", `
		if got := changes(t, part); got != want {
			t.Errorf("the watch of a part was told %s, want %s", got, want)
		}
		_, err = b.Watch(mantisdb.Range{}, 0)
		wantErr(t, "Watch", err, mantisdb.ErrKeyspaceDropped)
	})
}

// changes is what a watch tells without waiting, as text.
func changes(t *testing.T, watch *mantisdb.Watch) string {
	t.Helper()
	looking, cancel := context.WithCancel(t.Context())
	cancel()
	told := ""
	for {
		c, err := watch.Next(looking)
		if errors.Is(err, context.Canceled) {
			return told
		}
		ok(t, err)
		switch c.Kind {
		case mantisdb.ChangePut:
			told += fmt.Sprintf("put %q, ", c.Key)
		case mantisdb.ChangeDelete:
			told += fmt.Sprintf("delete %q, ", c.Key)
		case mantisdb.ChangeDeleteRange:
			told += fmt.Sprintf("range %s to %s, ", bound(c.Key), bound(c.End))
		}
	}
}

func bound(key []byte) string {
	if key == nil {
		return "nil"
	}
	return fmt.Sprintf("%q", key)
}
