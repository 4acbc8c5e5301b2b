package caches

import "github.com/dgraph-io/ristretto/v2"

type ristrettoCache struct {
	*ristretto.Cache[string, []byte]
}

// openRistretto makes one of so many entries that weigh 1 each. The counters and the
// buffer are what its documentation advises.
func openRistretto(room uint64) (objects, error) {
	c, err := ristretto.NewCache(&ristretto.Config[string, []byte]{
		NumCounters: int64(room) * 10, MaxCost: int64(room), BufferItems: 64, IgnoreInternalCost: true,
	})
	return ristrettoCache{c}, err
}

func (r ristrettoCache) get(key string) ([]byte, bool) { return r.Get(key) }

// put may drop the entry: ristretto takes in what is new from a channel, and nothing when
// that is full.
func (r ristrettoCache) put(key string, value []byte) { r.Set(key, value, 1) }

func (r ristrettoCache) entries() uint64 {
	r.Wait()
	return uint64(r.MaxCost() - r.RemainingCost())
}

func (r ristrettoCache) close() { r.Close() }
