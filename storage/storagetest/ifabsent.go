package storagetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var ifAbsentTests = []test{
	{"PutIfAbsent", testPutIfAbsent},
	{"PutIfAbsentHasOneWinner", testIfAbsentOneWinner},
	{"PutIfAbsentExcludes", testIfAbsentExcludes},
	{"PutIfAbsentNeverBuriesAPut", testIfAbsentNeverBuries},
}

func putIfAbsent(t testing.TB, e storage.Engine, key, value string, expiresAt int64) (version uint64, stored bool) {
	t.Helper()
	version, stored, err := e.PutIfAbsent([]byte(key), []byte(value), storage.WriteOptions{ExpiresAt: expiresAt})
	ok(t, err)
	return version, stored
}

func testPutIfAbsent(t *testing.T, b *bench) {
	e := b.engine(t)
	version, stored := putIfAbsent(t, e, "k", "one", 0)
	if !stored {
		t.Fatal("not stored though absent")
	}
	_, meta, err := e.AppendGetMeta(nil, []byte("k"))
	ok(t, err)
	if meta.Version != version {
		t.Fatalf("the value has version %d, PutIfAbsent returned %d", meta.Version, version)
	}
	last := stats(t, e).LastVersion
	if _, stored := putIfAbsent(t, e, "k", "two", 0); stored {
		t.Fatal("stored over a live value")
	}
	wantValue(t, e, "k", "one")
	if now := stats(t, e).LastVersion; now != last {
		t.Fatalf("nothing was written, but the version moved from %d to %d", last, now)
	}
	remove(t, e, "k")
	if _, stored := putIfAbsent(t, e, "k", "three", 0); !stored {
		t.Fatal("not stored after a deletion")
	}
	wantValue(t, e, "k", "three")
	if _, stored := putIfAbsent(t, e, "past", "v", 1); !stored {
		t.Fatal("not stored with an expiry in the past")
	}
	wantAbsent(t, e, "past")
	if _, stored := putIfAbsent(t, e, "past", "v", 0); !stored {
		t.Fatal("not stored over an expired value")
	}
	wantValue(t, e, "past", "v")
}

func testIfAbsentOneWinner(t *testing.T, b *bench) {
	e := b.engine(t)
	const racers = 8
	rounds := scaled(1000)
	if b.onDisk {
		rounds = scaled(200)
	}
	for round := range rounds {
		key := fmt.Appendf(nil, "key-%d", round)
		if round%2 == 1 { // half of the races are over a dead value
			putExpiring(t, e, string(key), "dead", 1)
		}
		var winners atomic.Int64
		var winner atomic.Pointer[string]
		var wg sync.WaitGroup
		for r := range racers {
			wg.Go(func() {
				value := fmt.Sprint(r)
				_, stored, err := e.PutIfAbsent(key, []byte(value), storage.WriteOptions{})
				if err != nil {
					t.Error(err)
				}
				if stored {
					winners.Add(1)
					winner.Store(&value)
				}
			})
		}
		wg.Wait()
		if winners.Load() != 1 {
			t.Fatalf("round %d has %d winners", round, winners.Load())
		}
		wantValueOnce(t, e, string(key), *winner.Load())
	}
}

// testIfAbsentExcludes uses a key as a lock: two holders at once would mean
// that PutIfAbsent does not see a value that is there.
func testIfAbsentExcludes(t *testing.T, b *bench) {
	e := b.engine(t)
	rounds := scaled(2000)
	if b.onDisk {
		rounds = scaled(300)
	}
	key := []byte("lock")
	var holders, acquired atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range rounds {
				_, stored, err := e.PutIfAbsent(key, []byte("held"), storage.WriteOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if !stored {
					continue
				}
				acquired.Add(1)
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				holders.Add(-1)
				if acquired.Load()%2 == 0 {
					_, err = e.Delete(key, storage.WriteOptions{})
				} else {
					var batch storage.Batch
					if err = batch.Delete(key); err == nil {
						_, err = e.Write(&batch, storage.WriteOptions{})
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if acquired.Load() == 0 {
		t.Fatal("nobody ever got the lock")
	}
}

// testIfAbsentNeverBuries races PutIfAbsent against a write of the same key:
// whichever is first, the other's value must be there in the end.
func testIfAbsentNeverBuries(t *testing.T, b *bench) {
	e := b.engine(t)
	rounds := scaled(2000)
	if b.onDisk {
		rounds = scaled(300)
	}
	for round := range rounds {
		key := fmt.Appendf(nil, "key-%d", round)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, _, err := e.PutIfAbsent(key, []byte("if absent"), storage.WriteOptions{}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			var err error
			if round%2 == 0 {
				_, err = e.Put(key, []byte("put"), storage.WriteOptions{})
			} else {
				var batch storage.Batch
				if err = batch.Put(key, []byte("put"), 0); err == nil {
					_, err = e.Write(&batch, storage.WriteOptions{})
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		wantValueOnce(t, e, string(key), "put")
	}
}
