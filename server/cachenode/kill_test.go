package cachenode_test

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What a test's clients do.
const (
	clients  = 6
	keys     = 5_000
	valueLen = 12_000 // so that not all keys fit, and nodes evict
	// settle is how long old values may be read after nodes came or went, and all have noticed.
	settle = 2500 * time.Millisecond
	look   = 700 * time.Millisecond // at the hit ratio
)

// TestNodeIsKilled: of three nodes under load one is killed, and comes back. No read ever
// returns what was not written to its key; none an old value once the others know; and hits
// come back.
func TestNodeIsKilled(t *testing.T) {
	for _, c := range []struct {
		name     string
		replicas int
	}{{"one copy", 1}, {"two copies", 2}} {
		t.Run(c.name, func(t *testing.T) { killUnderLoad(t, c.replicas) })
	}
}

func killUnderLoad(t *testing.T, replicas int) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	nodes := startNodes(t, 3, replicas)
	l := newLedger(t, keys, valueLen)
	var live atomic.Pointer[[]*redis.Client]
	serve := func(by ...*node) {
		var all []*redis.Client
		for _, n := range by {
			all = append(all, n.redis)
		}
		live.Store(&all)
	}
	serve(nodes...)
	ctx, end := context.WithCancel(context.Background())
	defer end()
	running := l.load(ctx, clients, func(i int) *redis.Client { all := *live.Load(); return all[i%len(all)] })

	time.Sleep(2 * time.Second)
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
	running.Wait()
	t.Logf("%d reads; hit ratio %.2f, %.2f as a node is killed, %.2f after it, %.2f with it back; %d old values meanwhile, %d writes failed",
		l.reads.Load(), before, atOnce, after, again, l.old.Load(), l.failedWrites.Load())
	if nodes[0].info("evicted_keys") == "0" && nodes[1].info("evicted_keys") == "0" {
		t.Error("everything fits: nothing was evicted")
	}
	if before < 0.1 || after < before/2 || again < before/2 {
		t.Errorf("hits do not come back: %.2f before, %.2f with two nodes, %.2f with three again", before, after, again)
	}
}

// TestNodeIsPaused: a node that was paused for longer than the others wait may have missed
// writes, so that it forgets what it had.
func TestNodeIsPaused(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	nodes := startNodes(t, 3, 1)
	l := newLedger(t, keys, valueLen)
	ctx, end := context.WithCancel(context.Background())
	defer end()
	two := func(i int) *redis.Client { return nodes[i%2].redis }
	running := l.load(ctx, clients, two)
	time.Sleep(2 * time.Second)
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
	running.Wait()
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
