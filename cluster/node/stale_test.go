package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// acknowledged is when each number was, counted from 1, that a writer has written.
type acknowledged struct {
	mu    sync.Mutex
	times []time.Time
}

func (a *acknowledged) add() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times = append(a.times, time.Now())
}

// before is the newest number that was acknowledged before a moment.
func (a *acknowledged) before(t time.Time) (number uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.times); i > 0; i-- {
		if a.times[i-1].Before(t) {
			return uint64(i)
		}
	}
	return 0
}

// pair are two keys that are always written together.
var pair = [][]byte{[]byte("first"), []byte("second")}

// writePairs writes growing numbers under both keys until stop is closed.
func (c *testCluster) writePairs(shard int, known *acknowledged, stop <-chan struct{}) {
	for number := uint64(1); ; {
		select {
		case <-stop:
			return
		default:
		}
		db := c.database(shard)
		if db == nil {
			continue
		}
		value := binary.BigEndian.AppendUint64(nil, number)
		var b mantisdb.Batch
		for _, key := range pair {
			if err := b.Put(key, value); err != nil {
				c.t.Error(err)
				return
			}
		}
		if db.Write(&b) == nil { // else the same again
			known.add()
			number++
		}
	}
}

// readPair reads both keys from a node's replica, and returns their number; ok is false if that is
// not fresh enough.
func (n *testNode) readPair(shard int, bound time.Duration, known *acknowledged) (number uint64, ok bool, err error) {
	began := time.Now()
	db, age := n.Replica(shard, bound)
	if db == nil {
		return 0, false, nil
	}
	values, err := db.MultiGet(pair...)
	if errors.Is(err, cluster.ErrNotLeader) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if string(values[0]) != string(values[1]) {
		return 0, false, fmt.Errorf("half of a batch: %x and %x", values[0], values[1])
	}
	if values[0] != nil {
		number = binary.BigEndian.Uint64(values[0])
	}
	if newest := known.before(began.Add(-age)); number < newest {
		return 0, false, fmt.Errorf("with an age of %v there is %d, and %d was acknowledged before that", age, number, newest)
	}
	return number, true, nil
}

// TestStaleReads has all replicas of a shard be read beside writes, while the lead goes round and
// keyspaces come and go: each has what its age tells, sees batches whole, and never goes back.
func TestStaleReads(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	const shard = 0
	var known acknowledged
	var working sync.WaitGroup
	defer working.Wait()
	stop := make(chan struct{})
	defer close(stop)
	working.Go(func() { c.writePairs(shard, &known, stop) })
	served := make(map[cluster.NodeID]*atomic.Int64)
	for id, n := range c.nodes {
		count := new(atomic.Int64)
		served[id] = count
		working.Go(func() {
			for last := uint64(0); ; {
				select {
				case <-stop:
					return
				default:
				}
				number, ok, err := n.readPair(shard, cluster.DefaultMaxStaleness, &known)
				if ok && number < last {
					err = fmt.Errorf("%d after %d", number, last)
				}
				if err != nil {
					t.Errorf("node %d: %v", id, err)
					return
				}
				if ok {
					last = number
					count.Add(1)
				}
			}
		})
	}
	for round := range 3 {
		for id := range c.nodes {
			c.await("reads of all replicas", func() error {
				for id, count := range served {
					if count.Load() < 100 {
						return fmt.Errorf("node %d has answered %d", id, count.Load())
					}
				}
				return nil
			})
			for _, count := range served {
				count.Store(0)
			}
			name := fmt.Sprint("named ", round, id)
			c.await("keyspace", func() error { return c.makeKeyspace(shard, name) })
			c.await("the lead", func() error { return c.nodes[id].Lead(t.Context(), shard, id) })
			c.await("the keyspace in each replica", func() error { return c.knowKeyspace(shard, name) })
		}
	}
}

// makeKeyspace makes a keyspace with a value, unless that is there.
func (c *testCluster) makeKeyspace(shard int, name string) error {
	db := c.database(shard)
	if db == nil {
		return errors.New("nobody leads the shard")
	}
	_, err := db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
	if err != nil && !errors.Is(err, mantisdb.ErrKeyspaceExists) {
		return err
	}
	ks, err := db.Keyspace(name)
	if err != nil {
		return err
	}
	return ks.Put([]byte(name), []byte("value"))
}

// knowKeyspace fails if a replica does not know a keyspace and its value.
func (c *testCluster) knowKeyspace(shard int, name string) error {
	for id, n := range c.nodes {
		db, _ := n.Replica(shard, time.Hour)
		if db == nil {
			return fmt.Errorf("node %d has no replica", id)
		}
		ks, err := db.Keyspace(name)
		if err == nil {
			_, err = ks.Get([]byte(name))
		}
		if err != nil {
			return fmt.Errorf("node %d: %w", id, err)
		}
	}
	return nil
}

// TestStaleReadsOfACutOffNode leaves a node alone: it answers stale reads as long as it is known to
// be fresh, without a leader, and no longer.
func TestStaleReadsOfACutOffNode(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.put("key")
	alone := c.nodes[1]
	const bound = 3 * time.Second
	read := func() error {
		for shard := range testShards {
			db, _ := alone.Replica(shard, bound)
			if db == nil {
				return errors.New("it is not fresh")
			}
			if _, err := db.Get([]byte("key")); err != nil {
				return err
			}
		}
		return nil
	}
	c.await("replica that has all", read)
	c.nodes[2].stop()
	c.nodes[3].stop()
	cutOff := time.Now()
	c.await("node without a leader", func() error {
		if route := alone.Route(0); route.Leader != 0 {
			return fmt.Errorf("%+v", route)
		}
		return nil
	})
	if err := read(); err != nil && time.Since(cutOff) < bound/2 {
		t.Errorf("%v after it was cut off, within a bound of %v: %v", time.Since(cutOff), bound, err)
	}
	time.Sleep(time.Until(cutOff.Add(bound)))
	for shard := range testShards {
		if db, age := alone.Replica(shard, bound); db != nil {
			t.Errorf("shard %d is read with an age of %v, %v after the node was cut off", shard, age, time.Since(cutOff))
		}
	}
	c.startAll()
	c.await("replica that is fresh again", read)
}
