//go:build linux

package clustertest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// TestLedger: a ledger must see what it is there to see.
func TestLedger(t *testing.T) {
	found := make(map[string]string)
	l := newLedger("l", 2)
	put := func(key, value string) error { found[key] = value; return nil }
	for range 3 {
		if err := l.write(1, put); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.write(0, func(string, string) error { return errUnsure }); err == nil {
		t.Fatal("an error was lost")
	}
	if err := l.check(found); err != nil {
		t.Errorf("all is there: %v", err)
	}
	put("l/0/0", "0")
	if err := l.check(found); err != nil {
		t.Errorf("what nobody knew of is there: %v", err)
	}
	for what, damage := range map[string]func(){
		"a lost write":           func() { delete(found, "l/1/1") },
		"another value":          func() { put("l/1/1", "2") },
		"a key that nobody put":  func() { put("l/0/1", "1") },
		"a key of no client":     func() { put("l/7/0", "0") },
		"a key that is no entry": func() { put("l/x", "0") },
	} {
		saved := make(map[string]string)
		for key, value := range found {
			saved[key] = value
		}
		damage()
		if l.check(found) == nil {
			t.Errorf("%s was not seen", what)
		}
		found = saved
	}
}

// TestKills has one server, which is no cluster, be killed under the workload: the checks must
// bear what kills alone do.
func TestKills(t *testing.T) {
	r := newPlain(t, &loopback{})
	const seed, kills = 1, 5
	w := r.work(seed)
	rng := rand.New(rand.NewPCG(seed, kills))
	for range kills {
		time.Sleep(time.Duration(100+rng.IntN(400)) * time.Millisecond)
		if err := r.nodes[0].kill(); err != nil {
			t.Fatal(err)
		}
		if err := r.nodes[0].start(); err != nil {
			t.Fatal(err)
		}
		r.await("server that answers", r.answers)
	}
	w.stop()
	w.check()
}

// TestStaleReadsAreSeen has clients be told now and then what a server had some time ago.
func TestStaleReadsAreSeen(t *testing.T) {
	r := newPlain(t, &loopback{})
	w := r.work(1)
	time.Sleep(time.Second)
	w.stop()
	history := w.registers.history
	if illegal, _ := linearizable.Illegal(linearizable.KeyModel, history); len(illegal) > 0 {
		t.Fatal("the history is wrong as it is")
	}
	// A read that comes last of its key is told what another read was, long before.
	type read struct{ first, last int }
	reads := make(map[string]*read)
	for i, op := range history {
		in, out := op.Input.(linearizable.KeyInput), op.Output.(linearizable.KeyOutput)
		if in.Kind != "get" || !out.Found {
			continue
		}
		if reads[in.Key] == nil {
			reads[in.Key] = &read{first: i}
		}
		reads[in.Key].last = i
	}
	planted := 0
	for _, r := range reads {
		if history[r.last].Output != history[r.first].Output {
			history[r.last].Output = history[r.first].Output
			planted++
		}
	}
	illegal, _ := linearizable.Illegal(linearizable.KeyModel, history)
	// One that is not long before, after all, may be right.
	if len(illegal) == 0 || len(illegal) < planted/2 {
		t.Errorf("%d of %d stale reads were seen", len(illegal), planted)
	}
}

// TestFaults has each fault befall servers that are no cluster: all must be well after it.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for each fault to end")
	}
	net := newNetwork(t, chaosNodes)
	disks, dirs := newDisks(t)
	needMachine(t)
	r := newRunning(t, net).withClocks()
	dirs = append(dirs, make([]string, chaosNodes)...)
	for id := range chaosNodes {
		r.add(dirs[id])
	}
	r.await("servers that answer", r.answers)
	n := &nemesis{running: r, network: net, disks: disks, rng: rand.New(rand.NewPCG(1, 1))}
	w := r.work(1)
	for _, one := range n.faults() {
		n.befall(t, one, leastFault)
		r.await("servers that answer after "+one.name, r.answers)
		for _, n := range r.nodes {
			if !n.runs() {
				t.Errorf("node %d does not run after %s", n.id, one.name)
			}
		}
	}
	w.stop()
	if w.done.Load() == 0 || w.failed.Load() == 0 || w.unknown.Load() == 0 {
		t.Error("clients did not see what faults do")
	}
	// Each register is now one of several servers, and no history of one.
	if illegal, _ := linearizable.Illegal(linearizable.KeyModel, w.registers.history); len(illegal) == 0 {
		t.Error("servers that know nothing of one another were taken for one")
	}
}
