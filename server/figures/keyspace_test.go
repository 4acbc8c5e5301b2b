package figures_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/figures"
)

// openFilled is a database with so many keys in its default keyspace, and who counts them.
func openFilled(t testing.TB, keys int) (*mantisdb.DB, *figures.Collector) {
	t.Helper()
	db, err := mantisdb.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for from := 0; from < keys; from += 1000 {
		var b mantisdb.Batch
		for i := from; i < min(from+1000, keys); i++ {
			if err := b.Put(fmt.Appendf(nil, "key:%09d", i), []byte("v")); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Write(&b); err != nil {
			t.Fatal(err)
		}
	}
	return db, figures.NewCollector("", server.NewLocal(db))
}

// counts counts a keyspace, and tells how many walks that took.
func counts(t testing.TB, db *mantisdb.DB, c *figures.Collector, ks *mantisdb.Keyspace) (found figures.Keyspace, walks uint64) {
	t.Helper()
	before, err := db.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if found, err = c.CountKeys(t.Context(), ks); err != nil {
		t.Fatal(err)
	}
	after, err := db.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return found, after.Scans - before.Scans
}

func put(t testing.TB, ks *mantisdb.Keyspace, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := ks.Put([]byte(key), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFewKeysAreCountedAnew: what costs little is exact.
func TestFewKeysAreCountedAnew(t *testing.T) {
	db, c := openFilled(t, 3)
	main := db.DefaultKeyspace()
	for want := int64(3); want < 20; want++ {
		if found, _ := counts(t, db, c, main); found.Keys != want {
			t.Fatalf("%+v, want %d keys", found, want)
		}
		put(t, main, fmt.Sprint("more ", want))
	}
	if err := db.PutTTL([]byte("shortly"), []byte("v"), 2*time.Second); err != nil {
		t.Fatal(err)
	}
	if found, _ := counts(t, db, c, main); found.Keys != 21 || found.Expiring != 1 || found.AverageTTL <= 0 {
		t.Errorf("%+v", found)
	}
	time.Sleep(2010 * time.Millisecond)
	if found, _ := counts(t, db, c, main); found.Keys != 20 || found.Expiring != 0 {
		t.Errorf("%+v once it has expired", found)
	}
	if found, walks := counts(t, db, c, main); found.Keys != 20 || walks != 0 {
		t.Errorf("%+v by %d walks, and nothing was written", found, walks)
	}
}

// TestManyKeysAreSeldomCounted: what takes long is not counted anew for each write.
func TestManyKeysAreSeldomCounted(t *testing.T) {
	const n = 20_000
	db, c := openFilled(t, n)
	main := db.DefaultKeyspace()
	if found, walks := counts(t, db, c, main); found.Keys != n || walks != 1 {
		t.Fatalf("%+v by %d walks", found, walks)
	}
	// So long that the test is over before it is counted anew.
	c.LetCountTake(main, time.Minute)
	put(t, main, "one more")
	stats, err := db.Stats()
	if err != nil {
		t.Fatal(err)
	}
	want := int64(n)
	if !stats.KeysEstimated { // then the engine knows it
		want++
	}
	if found, walks := counts(t, db, c, main); found.Keys != want || walks != 0 {
		t.Errorf("%+v by %d walks, want %d", found, walks, want)
	}
	// With keys elsewhere, only the walk tells whose they are.
	other, err := db.CreateKeyspace("other", mantisdb.KeyspaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, other, "elsewhere")
	if found, walks := counts(t, db, c, main); found.Keys != n || walks != 0 {
		t.Errorf("%+v by %d walks, want those of the last walk", found, walks)
	}
	if found, _ := counts(t, db, c, other); found.Keys != 1 || found.Name != "other" {
		t.Errorf("%+v", found)
	}
	// A range may be any number of keys.
	if err := db.DeleteRange(mantisdb.Prefix([]byte("key:"))); err != nil {
		t.Fatal(err)
	}
	if found, walks := counts(t, db, c, main); found.Keys != 1 || walks != 1 {
		t.Errorf("%+v by %d walks after the deletion of a range", found, walks)
	}
}

// TestAnotherKeyspaceOfTheName has a count of its own.
func TestAnotherKeyspaceOfTheName(t *testing.T) {
	db, c := openFilled(t, 0)
	for n := range 3 {
		ks, err := db.CreateKeyspace("again", mantisdb.KeyspaceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			put(t, ks, fmt.Sprint(i))
		}
		if found, _ := counts(t, db, c, ks); found.Keys != int64(n) {
			t.Errorf("%+v, want %d keys", found, n)
		}
		if err := db.DropKeyspace("again"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CountKeys(t.Context(), ks); err == nil {
			t.Error("a dropped keyspace was counted")
		}
	}
}

// BenchmarkCountAfterAWrite counts a million keys, to which one is written before each time.
func BenchmarkCountAfterAWrite(b *testing.B) {
	db, c := openFilled(b, 1_000_000)
	walks := uint64(0)
	for b.Loop() {
		put(b, db.DefaultKeyspace(), "key:000000000")
		_, n := counts(b, db, c, db.DefaultKeyspace())
		walks += n
	}
	b.ReportMetric(float64(walks), "walks")
}
