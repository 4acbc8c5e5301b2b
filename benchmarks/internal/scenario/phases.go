package scenario

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// Salts keep the phases from drawing the same keys in the same order.
const (
	saltLoad = iota + 1
	saltRead
	saltWrite
	saltPaced
)

// firstGeneration is the load's; overwrites have later ones.
const firstGeneration = 0

// timed is a load of some clients for the run's seconds.
func (r *runner) timed(threads int, salt uint64) load {
	return load{threads: threads, limit: time.Duration(r.Seconds * float64(time.Second)), salt: salt}
}

// load writes every key once, in random order, from one client.
func (r *runner) load() error {
	order := work.NewPermutation(r.Keys, r.Seed^saltLoad)
	return r.phase("load", load{threads: 1, ops: int64(r.Keys), salt: saltLoad}, func(c *client, i int64) error {
		id := order.At(uint64(i))
		work.Value(c.value, id, firstGeneration)
		return r.store.Put(work.Key(&c.key, id), c.value)
	})
}

// write writes a key drawn anew.
func (r *runner) write(c *client, i int64) error {
	id := c.random.Below(r.Keys)
	work.Value(c.value, id, uint64(i)+1)
	return r.store.Put(work.Key(&c.key, id), c.value)
}

// read reads a key drawn anew and checks its value.
func (r *runner) read(c *client, _ int64) error {
	return r.readKey(c, c.random.Below(r.Keys))
}

func (r *runner) readKey(c *client, id uint64) (err error) {
	key := work.Key(&c.key, id)
	if c.read, err = r.store.Get(c.read[:0], key); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	if !work.CheckValue(c.read, id, r.ValueBytes) {
		return fmt.Errorf("read %s: the value is another's, of %d bytes", key, len(c.read))
	}
	return nil
}

// warm reads every key once, in another order than it was written in, without a
// record: caches are as full as they get, and nothing is missing.
func (r *runner) warm() error {
	order := work.NewPermutation(r.Keys, r.Seed^saltRead)
	_, _, err := r.run(load{threads: 1, ops: int64(r.Keys)}, func(c *client, i int64) error {
		return r.readKey(c, order.At(uint64(i)))
	})
	return err
}

// reads measures random reads, by one client and by many.
func (r *runner) reads() error {
	if err := r.warm(); err != nil {
		return err
	}
	if err := r.phase("random_reads", r.timed(1, saltRead), r.read); err != nil {
		return err
	}
	return r.phase("random_reads", r.timed(r.Threads, saltRead), r.read)
}
