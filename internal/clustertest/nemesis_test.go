//go:build linux

package clustertest

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/clustertest/disk"
	"github.com/mantisdb/mantisdb/internal/clustertest/network"
)

// nemesis has faults befall a cluster, one after the other, as a seed decides.
type nemesis struct {
	*running
	network *network.Network
	disks   map[int]*disk.Disk // of the nodes that have one with faults
	rng     *rand.Rand
}

// fault is something that may befall a cluster. begin makes it so, and returns what takes it
// back and what was done.
type fault struct {
	name  string
	begin func(*nemesis) (end func() error, what any, err error)
}

// How long faults last, and how long it is calm between them.
const (
	leastFault, mostFault = time.Second, 6 * time.Second
	leastCalm, mostCalm   = 500 * time.Millisecond, 3 * time.Second
)

// rage has faults befall the cluster for so long. In the end there are none.
func (n *nemesis) rage(t *testing.T, long time.Duration) {
	t.Helper()
	all := n.faults()
	for began := time.Now(); time.Since(began) < long && !t.Failed(); {
		one := all[n.rng.IntN(len(all))]
		at := time.Since(began).Round(time.Millisecond)
		lasts := n.between(leastFault, mostFault)
		t.Logf("%v: %s for %v", at, one.name, lasts.Round(time.Millisecond))
		n.befall(t, one, lasts)
		time.Sleep(n.between(leastCalm, mostCalm))
	}
}

// befall has a fault last for so long.
func (n *nemesis) befall(t *testing.T, one fault, lasts time.Duration) {
	t.Helper()
	end, what, err := one.begin(n)
	if err != nil {
		t.Fatalf("%s: %v", one.name, err)
	}
	t.Logf("%s: %v", one.name, what)
	time.Sleep(lasts)
	if err := end(); err != nil {
		t.Fatalf("end of %s: %v", one.name, err)
	}
}

// faults are those that there are means for.
func (n *nemesis) faults() []fault {
	all := []fault{
		{"kill", (*nemesis).kill}, {"kill of all", (*nemesis).killAll}, {"pause", (*nemesis).pause},
		{"partition", (*nemesis).part}, {"isolation", (*nemesis).isolate}, {"one-way cut", (*nemesis).deafen},
		{"flapping partition", (*nemesis).flap}, {"bridge", (*nemesis).bridge},
	}
	if n.clocks {
		all = append(all, fault{"stepped clock", (*nemesis).stepClocks})
	}
	if len(n.disks) > 0 {
		all = append(all, fault{"slow disk", (*nemesis).slow}, fault{"full disk", (*nemesis).full}, fault{"broken disk", (*nemesis).broken})
	}
	return all
}

func (n *nemesis) between(least, most time.Duration) time.Duration {
	return least + time.Duration(n.rng.Int64N(int64(most-least)))
}

// some are the numbers of some nodes.
func (n *nemesis) some(count int) []int {
	all := n.rng.Perm(len(n.nodes))[:count]
	for i := range all {
		all[i]++
	}
	return all
}

// minority is how many nodes may be missing.
func (n *nemesis) minority() int { return (len(n.nodes) - 1) / 2 }

// each does something with some nodes.
func (n *nemesis) each(ids []int, do func(*node) error) (err error) {
	for _, id := range ids {
		err = errors.Join(err, do(n.nodes[id-1]))
	}
	return err
}

// kill kills a minority of the nodes.
func (n *nemesis) kill() (func() error, any, error) {
	return n.killSome(n.some(1 + n.rng.IntN(n.minority())))
}

func (n *nemesis) killAll() (func() error, any, error) { return n.killSome(n.some(len(n.nodes))) }

func (n *nemesis) killSome(ids []int) (func() error, any, error) {
	return func() error { return n.each(ids, (*node).start) }, ids, n.each(ids, (*node).kill)
}

// pause has some nodes stand still, at times most of them.
func (n *nemesis) pause() (func() error, any, error) {
	ids := n.some(1 + n.rng.IntN(n.minority()+1))
	return func() error { return n.each(ids, (*node).resume) }, ids, n.each(ids, (*node).pause)
}

// halves are a majority and a minority.
func (n *nemesis) halves() (majority, minority []int) {
	all := n.some(len(n.nodes))
	return all[n.minority():], all[:n.minority()]
}

func (n *nemesis) part() (func() error, any, error) {
	majority, minority := n.halves()
	return n.network.Heal, [][]int{majority, minority}, n.network.Part(majority, minority)
}

// isolate has one node be alone.
func (n *nemesis) isolate() (func() error, any, error) {
	all := n.some(len(n.nodes))
	return n.network.Heal, all[0], n.network.Part(all[:1], all[1:])
}

// deafen has one node send and not receive, or receive and not send.
func (n *nemesis) deafen() (func() error, any, error) {
	all, sends := n.some(len(n.nodes)), n.rng.IntN(2) == 0
	what := map[bool]string{true: "to", false: "from"}[sends]
	for _, other := range all[1:] {
		from, to := other, all[0]
		if !sends {
			from, to = to, from
		}
		if err := n.network.Cut(from, to); err != nil {
			return nil, nil, err
		}
	}
	return n.network.Heal, []any{what, all[0]}, nil
}

// flap parts the nodes and has them meet again, several times a second.
func (n *nemesis) flap() (func() error, any, error) {
	majority, minority := n.halves()
	period := n.between(200*time.Millisecond, time.Second)
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			err = n.network.Part(majority, minority)
			if wait(stop, period) {
				break
			}
			err = errors.Join(err, n.network.Heal())
			if wait(stop, period) {
				break
			}
		}
		stopped <- err
	}()
	return func() error {
		close(stop)
		return errors.Join(<-stopped, n.network.Heal())
	}, [][]int{majority, minority}, nil
}

// wait waits, and tells whether it was stopped.
func wait(stop <-chan struct{}, long time.Duration) bool {
	select {
	case <-stop:
		return true
	case <-time.After(long):
		return false
	}
}

// bridge has two halves see one node between them, and not each other.
func (n *nemesis) bridge() (func() error, any, error) {
	all := n.some(len(n.nodes))
	middle := len(all) / 2
	one, other := all[:middle], all[middle+1:]
	return n.network.Heal, [][]int{one, {all[middle]}, other}, n.network.Part(one, other)
}

// mostStep is how far a clock is off at most.
const mostStep = 5 * time.Minute

// stepClocks has the clocks of some nodes be ahead or behind, each by another time.
func (n *nemesis) stepClocks() (func() error, any, error) {
	ids, off := n.some(1+n.rng.IntN(len(n.nodes))), make(map[int]time.Duration)
	err := n.each(ids, func(one *node) error {
		off[one.id] = n.between(-mostStep, mostStep).Truncate(time.Second)
		return one.step(off[one.id])
	})
	return func() error { return n.each(ids, func(one *node) error { return one.step(0) }) }, off, err
}

// aDisk is a disk that can have faults, and its node.
func (n *nemesis) aDisk() (*disk.Disk, *node) {
	for _, id := range n.some(len(n.nodes)) {
		if d := n.disks[id]; d != nil {
			return d, n.nodes[id-1]
		}
	}
	panic("no node has such a disk")
}

func (n *nemesis) slow() (func() error, any, error) {
	d, node := n.aDisk()
	delay := n.between(20*time.Millisecond, 500*time.Millisecond)
	d.SetDelay(delay)
	return func() error { d.Heal(); return nil }, []any{node.id, delay.Round(time.Millisecond)}, nil
}

func (n *nemesis) full() (func() error, any, error) {
	d, node := n.aDisk()
	node.mayEnd()
	d.SetFull(true)
	return func() error { return repair(d, node) }, node.id, nil
}

func (n *nemesis) broken() (func() error, any, error) {
	d, node := n.aDisk()
	node.mayEnd()
	d.SetBroken(true)
	return func() error { return repair(d, node) }, node.id, nil
}

// repair has a node begin anew on a disk that has no faults any more, as who runs it would.
func repair(d *disk.Disk, node *node) error {
	d.Heal()
	return errors.Join(node.kill(), node.start())
}
