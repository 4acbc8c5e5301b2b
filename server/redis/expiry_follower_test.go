package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestExpiryFollowerSeesAllThatIsThere: a key whose deletion lies behind many changes of other keyspaces is
// not taken for one that has expired.
func TestExpiryFollowerSeesAllThatIsThere(t *testing.T) {
	db, err := mantisdb.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if db.Engine() != mantisdb.EngineRust {
		t.Skip("the Go engine does not keep so many changes for a watch")
	}
	ks, err := db.CreateKeyspace("watched", mantisdb.KeyspaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := &expiryFollower{ks: ks, queue: expiryQueue{room: expiryRoom}}
	if err := f.watchAnew(); err != nil {
		t.Fatal(err)
	}
	defer f.watch.Close()
	const lifetime = 500 * time.Millisecond
	written := time.Now()
	if err := ks.PutTTL([]byte("key"), nil, lifetime); err != nil {
		t.Fatal(err)
	}
	if err := f.take(t.Context(), hasEnded); err != nil {
		t.Fatal(err)
	}
	if _, any := f.queue.next(); !any {
		t.Fatal("the key is not known to expire")
	}
	for i := range 40 {
		if err := db.Put(fmt.Append(nil, i), make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ks.Delete([]byte("key")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(written.Add(lifetime + 100*time.Millisecond)))
	if err := f.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, any := f.queue.next(); any {
		t.Error("a key that was deleted is taken for due")
	}
}
