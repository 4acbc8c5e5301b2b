package mantisdb_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestClosedDatabaseLeavesTheDirectory: once Close has returned, the directory belongs to
// whoever opens it next. What an iterator still held then removes no file of theirs.
func TestClosedDatabaseLeavesTheDirectory(t *testing.T) {
	for _, engine := range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		t.Run(engine, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			db := openEngine(t, dir, engine)
			put(t, db, 100)
			ok(t, db.Compact())
			it := db.Iterator(mantisdb.Range{})
			if !it.First() {
				t.Fatalf("no first entry: %v", it.Err())
			}
			put(t, db, 100)
			ok(t, db.Compact()) // The iterator's file serves nobody else now.
			ok(t, db.Close())

			ok(t, os.RemoveAll(dir))
			anew := openEngine(t, dir, engine)
			put(t, anew, 100)
			ok(t, anew.Compact())
			_ = it.Close()
			time.Sleep(100 * time.Millisecond) // What was held goes in the background.
			ok(t, anew.Close())
			again := openEngine(t, dir, engine)
			_, err := again.Get([]byte("key-0042"))
			ok(t, err)
		})
	}
}
