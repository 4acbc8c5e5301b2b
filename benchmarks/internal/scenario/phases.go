package scenario

import (
	"errors"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// Salts keep the phases from drawing the same keys in the same order.
const (
	saltLoad = iota + 1
	saltRead
	saltWrite
	saltPaced
	saltPopular // chooses which keys are popular, for all of a run's phases
	saltYCSBA
	saltYCSBB
	saltYCSBC
	saltYCSBD
	saltYCSBE
	saltYCSBF
	saltScan
	saltDelete
)

const (
	// firstGeneration is the load's; overwrites have later ones.
	firstGeneration = 0
	// batchLen is how many entries the load puts at once.
	batchLen = 100
	// pageLen is how many entries a page has.
	pageLen = 1000
	// lifetime is how long values live that have a time to live.
	lifetime = 100 * time.Millisecond
)

// timed is a load of some clients for the run's seconds.
func (r *runner) timed(threads int, salt uint64) load {
	return load{threads: threads, limit: time.Duration(r.Seconds * float64(time.Second)), salt: salt}
}

// apart measures a step by one client and by many.
func (r *runner) apart(workload string, salt uint64, do step) error {
	if err := r.phase(workload, r.timed(1, salt), do); err != nil {
		return err
	}
	return r.phase(workload, r.timed(r.Threads, salt), do)
}

// batch is room for the entries of a batch.
type batch struct {
	entries []engine.Entry
}

// entry is entry i with a key and room for a value of so many bytes.
func (b *batch) entry(i int, id uint64, bytes int) engine.Entry {
	if i == len(b.entries) {
		b.entries = append(b.entries, engine.Entry{Key: make([]byte, work.KeyLen), Value: make([]byte, bytes)})
	}
	e := b.entries[i]
	work.Key((*[work.KeyLen]byte)(e.Key), id)
	return e
}

// load writes every key once, in random order and in batches, from one client.
func (r *runner) load() error {
	order := work.NewPermutation(r.Keys, r.Seed^saltLoad)
	batches := (r.Keys + batchLen - 1) / batchLen
	return r.phase("load", load{threads: 1, steps: int64(batches), salt: saltLoad}, func(c *client, i int64) (int64, error) {
		first := uint64(i) * batchLen
		count := min(batchLen, r.Keys-first)
		for at := range count {
			id := order.At(first + at)
			work.Value(c.batch.entry(int(at), id, r.ValueBytes).Value, id, firstGeneration)
		}
		return int64(count), r.store.PutBatch(c.batch.entries[:count])
	})
}

// warm reads every key once, in another order than it was written in, without a
// record: caches are as full as they get, and nothing is missing.
func (r *runner) warm() error {
	order := work.NewPermutation(r.Keys, r.Seed^saltRead)
	_, err := r.run(load{threads: 1, steps: int64(r.Keys)}, func(c *client, i int64) (int64, error) {
		return 1, r.readKey(c, order.At(uint64(i)))
	})
	return err
}

// reads measures reads of keys that are all as likely.
func (r *runner) reads() error {
	return r.apart("reads", saltRead, func(c *client, _ int64) (int64, error) {
		return 1, r.readKey(c, c.random.Below(r.Keys))
	})
}

// overwrite writes keys that are all as likely.
func (r *runner) overwrite() error { return r.apart("overwrite", saltWrite, r.write) }

// hurriedOverwrites and pacedOverwrites are by one client, which the store's
// compactions must not hold up.
func (r *runner) hurriedOverwrites() error {
	return r.phase("overwrites", r.timed(1, saltWrite), r.write)
}

func (r *runner) pacedOverwrites() error {
	paced := r.timed(1, saltPaced)
	paced.perSecond = r.Rate
	return r.phase("paced_overwrites", paced, r.write)
}

// write writes a key drawn anew.
func (r *runner) write(c *client, i int64) (int64, error) {
	return 1, r.writeKey(c, c.random.Below(r.Keys), i)
}

// scans measures pages from keys that are all as likely. It counts entries.
func (r *runner) scans() error {
	store, ok := r.store.(engine.Ordered)
	if !ok {
		return nil
	}
	return r.apart("scan", saltScan, func(c *client, _ int64) (int64, error) {
		return c.scan.page(store, c.random.Below(r.Keys), pageLen)
	})
}

// deletes measures a mix in which keys go and come back for a while.
func (r *runner) deletes() error {
	put := r.store.Put
	if store, ok := r.store.(engine.Expirer); ok {
		put = func(key, value []byte) error { return store.PutTTL(key, value, lifetime) }
	}
	return r.apart("delete_ttl", saltDelete, func(c *client, i int64) (int64, error) {
		kind, id := c.random.Below(100), c.random.Below(r.Keys)
		switch {
		case kind < 50:
			return 1, r.store.Delete(work.Key(&c.key, id))
		case kind < 75:
			work.Value(c.value, id, uint64(i)+1)
			return 1, put(work.Key(&c.key, id), c.value)
		default:
			_, err := r.findKey(c, id)
			return 1, err
		}
	})
}

// writeKey writes a value of a later generation than the load's.
func (r *runner) writeKey(c *client, id uint64, i int64) error {
	work.Value(c.value, id, uint64(i)+1)
	return r.store.Put(work.Key(&c.key, id), c.value)
}

// readKey reads a key, which must be there, and checks its value.
func (r *runner) readKey(c *client, id uint64) error {
	found, err := r.findKey(c, id)
	if err == nil && !found {
		return fmt.Errorf("read %s: %w", c.key, engine.ErrMissing)
	}
	return err
}

// findKey tells whether a key is there, and checks its value.
func (r *runner) findKey(c *client, id uint64) (found bool, err error) {
	key := work.Key(&c.key, id)
	if c.read, err = r.store.Get(c.read[:0], key); err != nil {
		if errors.Is(err, engine.ErrMissing) {
			return false, nil
		}
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	if !work.CheckValue(c.read, id, r.ValueBytes) {
		return false, fmt.Errorf("read %s: the value is another's, of %d bytes", key, len(c.read))
	}
	return true, nil
}
