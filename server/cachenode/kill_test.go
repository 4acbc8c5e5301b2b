package cachenode_test

import (
	"flag"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var faults = flag.Bool("faults", false, "also the tests of nodes that fail which take longer: with two copies, and of a node that is paused")

// What a test's clients do.
const (
	clients  = 6
	keys     = 2_500
	valueLen = 24_000 // so that not all keys fit, and nodes evict
	// settle is how long old values may be read after nodes came or went, and all have noticed.
	settle = 2500 * time.Millisecond
	look   = 300 * time.Millisecond // at the hit ratio
)

// TestNodeIsKilled: of three nodes under load one is killed, and comes back. No read ever
// returns what was not written to its key; none an old value once the others know; and hits
// come back.
func TestNodeIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	killUnderLoad(t, 1)
}

// TestNodeIsKilledWithCopies is the same while each key is on two nodes.
func TestNodeIsKilledWithCopies(t *testing.T) {
	needFaults(t)
	killUnderLoad(t, 2)
}

func needFaults(t *testing.T) {
	t.Helper()
	if !*faults {
		t.Skip("takes longer: -faults has it run")
	}
}

func killUnderLoad(t *testing.T, replicas int) {
	needEvicting(t)
	nodes := startNodes(t, loopback(t, 3), replicas)
	l := newLedger(t, keys, valueLen)
	var live atomic.Pointer[[]*door]
	serve := func(by ...*node) {
		all := doors(by...)
		live.Store(&all)
	}
	serve(nodes...)
	end := l.load(clients, func(i int) *door { all := *live.Load(); return all[i%len(all)] })

	awaitEvictions(t, nodes...)
	before := l.hitRatio(look)

	l.changing.Store(true)
	serve(nodes[:2]...)
	nodes[2].kill()
	atOnce := l.hitRatio(look)
	awaitNodes(t, nodes[:2]...)
	time.Sleep(settle)
	l.changing.Store(false)
	after := l.hitRatio(look)

	l.changing.Store(true)
	nodes[2].start()
	awaitNodes(t, nodes...)
	serve(nodes...)
	time.Sleep(settle)
	l.changing.Store(false)
	again := l.hitRatio(look)

	end()
	t.Logf("%d reads; hit ratio %.2f, %.2f as a node is killed, %.2f after it, %.2f with it back; %d old values meanwhile, %d writes failed",
		l.reads.Load(), before, atOnce, after, again, l.old.Load(), l.failedWrites.Load())
	if before < 0.1 || after < before/2 || again < before/2 {
		t.Errorf("hits do not come back: %.2f before, %.2f with two nodes, %.2f with three again", before, after, again)
	}
}

// doors are those that nodes are.
func doors(nodes ...*node) (all []*door) {
	for _, n := range nodes {
		all = append(all, &door{Client: n.redis})
	}
	return all
}

// awaitEvictions waits until some node has so much that it evicts.
func awaitEvictions(t *testing.T, nodes ...*node) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !slices.ContainsFunc(nodes, (*node).evicts) {
		if time.Now().After(deadline) {
			t.Fatal("everything fits: nothing was evicted")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (n *node) evicts() bool {
	evicted := n.info("evicted_keys")
	return evicted != "0" && evicted != ""
}

// TestNodeIsPaused: a node that was paused for longer than the others wait may have missed
// writes, so that it forgets what it had.
func TestNodeIsPaused(t *testing.T) {
	needFaults(t)
	needEvicting(t)
	nodes := startNodes(t, loopback(t, 3), 1)
	l := newLedger(t, keys, valueLen)
	through := doors(nodes[:2]...)
	end := l.load(clients, func(i int) *door { return through[i%len(through)] })
	awaitEvictions(t, nodes...)
	l.changing.Store(true)
	nodes[2].signal(syscall.SIGSTOP)
	awaitNodes(t, nodes[:2]...)
	time.Sleep(time.Second) // many keys get new values by the others
	nodes[2].signal(syscall.SIGCONT)
	awaitNodes(t, nodes...)
	time.Sleep(settle)
	l.changing.Store(false)
	ratio := l.hitRatio(look)
	end()
	t.Logf("hit ratio %.2f; %d old values meanwhile", ratio, l.old.Load())
	if forgotten := nodes[2].info("forgotten"); forgotten == "0" || forgotten == "" {
		t.Errorf("the node that was paused has forgotten nothing: %q", forgotten)
	}
}

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatal(err)
	}
}
