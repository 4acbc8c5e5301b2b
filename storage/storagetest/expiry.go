package storagetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

var expiryTests = []test{
	{"ExpiryInThePast", testExpiryPast},
	{"ExpiryInTheFarFuture", testExpiryFar},
	{"ExpiryComes", testExpiryComes},
	{"ExpiryIsReplaced", testExpiryReplaced},
	{"ExpiredAreReclaimed", testExpiredReclaimed},
	{"SweepSparesWhatWasOverwritten", testSweepSpares},
}

func testExpiryPast(t *testing.T, b *bench) {
	e := b.engine(t)
	putExpiring(t, e, "new", "v", 1)
	wantAbsent(t, e, "new")
	put(t, e, "live", "v")
	putExpiring(t, e, "live", "w", inMillis(-1000))
	wantAbsent(t, e, "live")
	var batch storage.Batch
	ok(t, batch.Put([]byte("batched"), []byte("v"), inMillis(-1)))
	write(t, e, &batch)
	wantAbsent(t, e, "batched")
	if got := collectNow(t, e, storage.Range{}); len(got) != 0 {
		t.Fatalf("a scan yields %d expired entries", len(got))
	}
}

func testExpiryFar(t *testing.T, b *bench) {
	e := b.engine(t)
	for i, expiresAt := range []int64{inMillis(3_600_000), 1 << 52, math.MaxInt64} {
		key := fmt.Sprintf("key-%d", i)
		putExpiring(t, e, key, "v", expiresAt)
		wantValue(t, e, key, "v")
		if got := metaOf(t, e, key); got.ExpiresAt != expiresAt {
			t.Fatalf("the expiry is %d, written as %d", got.ExpiresAt, expiresAt)
		}
	}
	if got := metaOf(t, e, "key-0"); got.ExpiresAt == 0 {
		t.Fatal("the expiry is lost")
	}
	put(t, e, "never", "v")
	if got := metaOf(t, e, "never"); got.ExpiresAt != 0 {
		t.Fatalf("a value without expiry says %d", got.ExpiresAt)
	}
}

// testExpiryComes lets values written in three ways expire under readers that
// began before.
func testExpiryComes(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "stays", "v")
	expiresAt := inMillis(700)
	putExpiring(t, e, "put", "v", expiresAt)
	putIfAbsent(t, e, "put if absent", "v", expiresAt)
	var batch storage.Batch
	ok(t, batch.Put([]byte("batched"), []byte("v"), expiresAt))
	write(t, e, &batch)
	keys := []string{"put", "put if absent", "batched"}
	s := snapshot(t, e)
	defer s.Close()
	c, err := s.Scan(storage.Range{})
	ok(t, err)
	defer c.Close()
	for _, key := range keys {
		got, err := e.AppendGet(nil, []byte(key))
		if inTime := time.Now().UnixMilli() < expiresAt; inTime && (err != nil || string(got) != "v") {
			t.Fatalf("%s is absent before it expires: %v", key, err)
		}
	}
	waitPast(expiresAt)
	for _, key := range keys {
		wantAbsent(t, e, key)
		wantAbsentAt(t, s, key)
	}
	wantEntries(t, "scan of a snapshot made before", collect(t, s, storage.Range{}), []entry{{key: "stays", value: "v"}})
	for c.Next() {
		// The cursor may have read ahead what was still alive then.
	}
	ok(t, c.Err())
	for _, key := range keys {
		if _, stored := putIfAbsent(t, e, key, "again", 0); !stored {
			t.Fatalf("PutIfAbsent does not store over %q, which has expired", key)
		}
		wantValue(t, e, key, "again")
		wantAbsentAt(t, s, key)
	}
}

func testExpiryReplaced(t *testing.T, b *bench) {
	e := b.engine(t)
	soon := inMillis(400)
	putExpiring(t, e, "cleared", "1", soon)
	put(t, e, "cleared", "2")
	putExpiring(t, e, "extended", "1", soon)
	putExpiring(t, e, "extended", "2", inMillis(3_600_000))
	put(t, e, "limited", "1")
	putExpiring(t, e, "limited", "2", soon)
	putExpiring(t, e, "cleared by batch", "1", soon)
	var batch storage.Batch
	ok(t, batch.Put([]byte("cleared by batch"), []byte("2"), 0))
	write(t, e, &batch)
	putExpiring(t, e, "deleted", "1", soon)
	remove(t, e, "deleted")
	waitPast(soon)
	for range 20 { // also once a sweep has been
		wantValue(t, e, "cleared", "2")
		wantValue(t, e, "extended", "2")
		wantValue(t, e, "cleared by batch", "2")
		wantAbsent(t, e, "limited")
		wantAbsent(t, e, "deleted")
		time.Sleep(10 * time.Millisecond)
	}
	if got := metaOf(t, e, "cleared"); got.ExpiresAt != 0 {
		t.Fatalf("a write without expiry kept the old one: %d", got.ExpiresAt)
	}
}

// testExpiredReclaimed waits, without reading a key, until the engine has given
// up what expired, and counts that it was exactly that.
func testExpiredReclaimed(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(5000)
	soon := inMillis(300)
	var batch storage.Batch
	for i := range n {
		ok(t, batch.Put(fmt.Appendf(nil, "expiring-%06d", i), filler(100, uint64(i)), soon))
		if i%100 == 0 {
			ok(t, batch.Put(fmt.Appendf(nil, "staying-%06d", i), []byte("v"), 0))
			ok(t, batch.Put(fmt.Appendf(nil, "far-%06d", i), []byte("v"), inMillis(3_600_000)))
		}
	}
	write(t, e, &batch)
	eventually(t, "all expired entries are reclaimed", func() bool {
		return stats(t, e).Expired >= uint64(n)
	})
	if got := stats(t, e).Expired; got != uint64(n) {
		t.Fatalf("%d entries are counted as expired, %d were written", got, n)
	}
	live := len(collectNow(t, e, storage.Range{}))
	if want := 2 * ((n + 99) / 100); live != want {
		t.Fatalf("%d entries are live, want %d", live, want)
	}
	// It was not the last sweep.
	putExpiring(t, e, "later", "v", inMillis(50))
	eventually(t, "an entry written later is reclaimed", func() bool {
		return stats(t, e).Expired == uint64(n)+1
	})
}

// testSweepSpares overwrites values at about the time at which they expire: the
// sweep must not take the new value for the old.
func testSweepSpares(t *testing.T, b *bench) {
	e := b.engine(t)
	const writers = 8
	rounds := scaled(100)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 0))
			for i := range rounds {
				key := fmt.Appendf(nil, "%d-%d", w, i)
				_, err := e.Put(key, []byte("old"), storage.WriteOptions{ExpiresAt: inMillis(2)})
				if err == nil {
					time.Sleep(time.Duration(rng.IntN(8_000)) * time.Microsecond)
					_, err = e.Put(key, []byte("new"), storage.WriteOptions{})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	// One more that expires, so that a sweep surely goes over all of them.
	before := stats(t, e).Expired
	putExpiring(t, e, "last", "v", inMillis(1))
	eventually(t, "a sweep comes by", func() bool { return stats(t, e).Expired > before })
	for w := range writers {
		for i := range rounds {
			wantValueOnce(t, e, fmt.Sprintf("%d-%d", w, i), "new")
		}
	}
}
