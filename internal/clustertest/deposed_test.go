//go:build linux

package clustertest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/clustertest/network"
	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// TestDeposedLeaders: a leader whose shards others lead without its knowing must not tell what was
// there before they wrote. A client that reaches it reads there, at once and again and again, while
// another one writes by way of the others.
//
// Chaos does not show that leases are too long, or that whoever leads next does not wait for their
// end: a leader that reaches nobody steps down after about the time that the others take to elect
// another. So here they are either told that it has gone, and elect within some milliseconds, which
// takes that they wait; or it stands still meanwhile, and is asked before it can hear of anything,
// which takes that a lease ends by itself.
func TestDeposedLeaders(t *testing.T) {
	needMachine(t)
	d := &deposition{network: newNetwork(t, 3), registers: newRegisters("deposed")}
	d.running = newCluster(t, d.network, 3)
	const rounds = 3
	for range rounds {
		d.refused()
		d.paused()
	}
	linearizable.Check(t, linearizable.KeyModel, d.registers.history)
	t.Logf("%d operations; %d reads were answered by nodes that others took for gone", len(d.registers.history), d.told.Load())
	if d.told.Load() == 0 {
		t.Error("no deposed leader has ever told anything")
	}
}

// deposition is that of leaders, one after the other.
type deposition struct {
	*running
	network   *network.Network
	registers *registers
	rounds    int
	told      atomic.Int64 // reads that began once the node was cut off, and were answered by it
}

// readsOn is how long a deposed leader is asked, from when others have written.
const readsOn = 1200 * time.Millisecond

// fall is that of one leader: clients write by way of the others, and read by its own.
type fall struct {
	*deposition
	victim *node
	others []*node
	keys   []string // one for each shard that it led
	cut    atomic.Bool
	writes []atomic.Int64 // for each key, those that were acknowledged since the cut
	end    chan struct{}
	ending sync.Once
	all    sync.WaitGroup
}

func (d *deposition) newFall() *fall {
	d.t.Helper()
	d.await("cluster that serves", d.serves)
	topology, err := d.topology(d.nodes[0])
	if err != nil {
		d.t.Fatal(err)
	}
	f := &fall{deposition: d, end: make(chan struct{})}
	f.victim, f.others = d.busiest(topology)
	d.rounds++
	for _, shard := range ledBy(topology, cluster.NodeID(f.victim.id)) {
		f.keys = append(f.keys, keyOf(topology, shard, fmt.Sprint("deposed-", d.rounds)))
	}
	f.writes = make([]atomic.Int64, len(f.keys))
	d.t.Cleanup(f.stop) // before the nodes end, whatever becomes of the test
	return f
}

// refused has the others be told that the leader has gone, which goes on.
func (d *deposition) refused() {
	d.t.Helper()
	f := d.newFall()
	f.write()
	f.read()
	time.Sleep(100 * time.Millisecond) // in which the leader takes leases
	f.must(d.network.Refuse(f.victim.id, f.others[0].id, f.others[1].id))
	f.cut.Store(true)
	f.finish()
}

// paused has the leader stand still while the others elect, and hear of nobody when it goes on. Nothing
// that it finds then on its connections is of a later term: they are cut before anybody misses it.
func (d *deposition) paused() {
	d.t.Helper()
	f := d.newFall()
	f.write()
	time.Sleep(100 * time.Millisecond)
	f.must(f.victim.pause())
	f.must(d.network.Part([]int{f.victim.id}, []int{f.others[0].id, f.others[1].id}))
	f.cut.Store(true)
	d.await("writes by way of the others", f.written)
	f.read()
	time.Sleep(50 * time.Millisecond) // until the questions wait for it
	f.must(f.victim.resume())
	f.finish()
}

// finish ends the clients once the others have written, and the leader was asked for a while since,
// and has it meet the others again.
func (f *fall) finish() {
	f.t.Helper()
	f.await("writes by way of the others", f.written)
	time.Sleep(readsOn)
	f.ask()
	f.must(f.network.Heal())
	f.all.Wait()
}

// ask has the clients end, and stop waits for that.
func (f *fall) ask()  { f.ending.Do(func() { close(f.end) }) }
func (f *fall) stop() { f.ask(); f.all.Wait() }

// asked tells whether the clients are to end.
func (f *fall) asked() bool {
	select {
	case <-f.end:
		return true
	default:
		return false
	}
}

func (f *fall) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(errors.Join(err, f.victim.resume()))
	}
}

// written tells which key nobody has written since the cut.
func (f *fall) written() error {
	for i, key := range f.keys {
		if f.writes[i].Load() == 0 {
			return fmt.Errorf("%s is not written", key)
		}
	}
	return nil
}

// write has a client for each key put one number after the other, by the nodes that stay.
func (f *fall) write() {
	for i, key := range f.keys {
		f.all.Go(func() {
			for n := 1; !wait(f.end, time.Millisecond); n++ {
				cut := f.cut.Load()
				in := linearizable.KeyInput{Kind: "put", Key: key, Value: strconv.Itoa(n)}
				_, err := f.registers.record(i, in, func() (linearizable.KeyOutput, error) {
					return f.client(f.others[i%len(f.others)].client()).do(in)
				})
				if err == nil && cut {
					f.writes[i].Add(1)
				}
			}
		})
	}
}

// read has a client for each key read it by the node that was its leader.
func (f *fall) read() {
	for i, key := range f.keys {
		f.all.Go(func() {
			for !wait(f.end, time.Millisecond) {
				f.readBy(len(f.keys)+i, key)
			}
		})
	}
}

// readBy has a client read a key by one connection until it fails.
func (f *fall) readBy(client int, key string) {
	conn, err := dialRedis(f.place, f.victim.client())
	if err != nil {
		return
	}
	defer conn.close()
	in := linearizable.KeyInput{Kind: "get", Key: key}
	for !wait(f.end, time.Millisecond) {
		cut := f.cut.Load()
		_, err := f.registers.record(client, in, func() (linearizable.KeyOutput, error) { return conn.do(in) })
		if err != nil {
			return
		}
		if cut && !f.asked() { // no other node can have answered
			f.told.Add(1)
		}
	}
}
