package mantisdb_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestWatchIsKept: behind the last watch changes are kept for a while, so that the next one can go on
// where it ended, and no longer.
func TestWatchIsKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		mantisdb.KeepWatchesFor(db, time.Hour)
		w, err := db.Watch(mantisdb.Range{}, 0)
		ok(t, err)
		from := w.From()
		ok(t, w.Close())
		ok(t, w.Close()) // which counts once
		ok(t, db.Put([]byte("a"), []byte("1")))

		other, err := db.Watch(mantisdb.Prefix([]byte("b")), 0)
		ok(t, err)
		again, err := db.Watch(mantisdb.Range{}, from)
		ok(t, err)
		ok(t, other.Close())
		wantChanges(t, again, `put "a"=1`)

		mantisdb.KeepWatchesFor(db, 0)
		ok(t, again.Close())
		deadline := time.Now().Add(10 * time.Second)
		for {
			ok(t, db.Put([]byte("a"), []byte("2")))
			late, err := db.Watch(mantisdb.Range{}, from)
			if errors.Is(err, mantisdb.ErrHistoryGone) {
				return
			}
			ok(t, err)
			ok(t, late.Close())
			if time.Now().After(deadline) {
				t.Fatal("changes are still kept")
			}
			time.Sleep(time.Millisecond)
		}
	})
}
