package scenario

import (
	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// longestScan is how many entries YCSB's workload E reads at most.
const longestScan = 100

// mix is a workload of two kinds of operations. A kind is drawn before what it
// is done to.
type mix struct {
	name  string
	salt  uint64
	first step // done in so many of a hundred
	of100 uint64
	other step
}

// ycsb measures the mixes of that many clients.
func (r *runner) ycsb(m mix) error {
	return r.apart(m.name, m.salt, func(c *client, i int64) (int64, error) {
		if c.random.Below(100) < m.of100 {
			return m.first(c, i)
		}
		return m.other(c, i)
	})
}

func (r *runner) ycsbA() error {
	return r.ycsb(mix{"ycsb_a", saltYCSBA, r.readPopular, 50, r.updatePopular})
}

func (r *runner) ycsbB() error {
	return r.ycsb(mix{"ycsb_b", saltYCSBB, r.readPopular, 95, r.updatePopular})
}

func (r *runner) ycsbC() error {
	return r.ycsb(mix{"ycsb_c", saltYCSBC, r.readPopular, 100, nil})
}

func (r *runner) ycsbD() error {
	return r.ycsb(mix{"ycsb_d", saltYCSBD, r.readLatest, 95, r.insert})
}

// ycsbE is left out by stores without order.
func (r *runner) ycsbE() error {
	store, ok := r.store.(engine.Ordered)
	if !ok {
		return nil
	}
	scan := func(c *client, _ int64) (int64, error) {
		from := r.popular.Draw(&c.random)
		most := 1 + c.random.Below(longestScan)
		_, err := c.scan.page(store, from, most)
		return 1, err
	}
	return r.ycsb(mix{"ycsb_e", saltYCSBE, scan, 95, r.insert})
}

func (r *runner) ycsbF() error {
	return r.ycsb(mix{"ycsb_f", saltYCSBF, r.readPopular, 50, r.modifyPopular})
}

func (r *runner) readPopular(c *client, _ int64) (int64, error) {
	return 1, r.readKey(c, r.popular.Draw(&c.random))
}

func (r *runner) updatePopular(c *client, i int64) (int64, error) {
	return 1, r.writeKey(c, r.popular.Draw(&c.random), i)
}

// modifyPopular reads a value, changes it and writes it. Other clients may write
// in between, as in YCSB.
func (r *runner) modifyPopular(c *client, i int64) (int64, error) {
	id := r.popular.Draw(&c.random)
	if err := r.readKey(c, id); err != nil {
		return 0, err
	}
	return 1, r.writeKey(c, id, i)
}

// readLatest reads one of the keys that were inserted last. One whose number is
// given but which another client has yet to write may be missing.
func (r *runner) readLatest(c *client, _ int64) (int64, error) {
	id := r.popular.Latest(&c.random, r.inserted.Load())
	if id < r.Keys {
		return 1, r.readKey(c, id)
	}
	_, err := r.findKey(c, id)
	return 1, err
}

// insert writes a key that was not there, the next in order for all clients.
func (r *runner) insert(c *client, _ int64) (int64, error) {
	id := r.inserted.Add(1) - 1
	work.Value(c.value, id, firstGeneration)
	return 1, r.store.Put(work.Key(&c.key, id), c.value)
}
