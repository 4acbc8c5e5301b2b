//go:build linux

package cachenode_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mantisdb/mantisdb/internal/clustertest/network"
)

var (
	cutsFor  = flag.Duration("cuts", 0, "for how long cuts of the network befall nodes, each for a time at random; 0 has the brief ones befall them once each, or those of -cuts.only")
	cutsOnly = flag.String("cuts.only", "", "regular expression of the names of those that befall them; all without it")
	cutsMost = flag.Duration("cuts.longest", 25*time.Second, "how long such a cut lasts at most; nodes begin anew by the default")
	cutsSeed = flag.Uint64("cuts.seed", 0, "decides which, and for how long; 0 is a seed at random")
)

// cut is a way in which the network of three nodes can fail. Hosts are numbered from 1.
type cut struct {
	name  string
	begin func(*network.Network) error
	// alone are the nodes that are in no majority meanwhile: what they acknowledge before they
	// notice may be lost, and after that they refuse everything.
	alone []int
	flaps bool // it is healed and begins again all the time
	brief bool // it is in the short form of the test
}

var cuts = []cut{
	{name: "one node", alone: []int{2}, brief: true, begin: func(n *network.Network) error { return n.Part([]int{3}, []int{1, 2}) }},
	{name: "what one node sends", alone: []int{2}, begin: func(n *network.Network) error { return errors.Join(n.Cut(3, 1), n.Cut(3, 2)) }},
	{name: "what one node is sent", alone: []int{2}, begin: func(n *network.Network) error { return errors.Join(n.Cut(1, 3), n.Cut(2, 3)) }},
	{name: "one link", brief: true, begin: func(n *network.Network) error { return n.Part([]int{3}, []int{1}) }},
	{name: "all links", alone: []int{0, 1, 2}, begin: func(n *network.Network) error { return n.Part([]int{1}, []int{2}, []int{3}) }},
	{name: "one node, now and then", alone: []int{2}, flaps: true, brief: true, begin: func(n *network.Network) error { return n.Part([]int{3}, []int{1, 2}) }},
}

// Times of cuts.
const (
	// noticed is for how long a cut lasts at least whose consequences are looked at while it does.
	noticed   = 8 * time.Second
	shortest  = 500 * time.Millisecond
	mostFlaps = time.Second // between the beginning and the end of one
	// wholeWithin bounds how long nodes take to see each other again, if all had to begin anew.
	wholeWithin = 45 * time.Second
	hitsWithin  = 15 * time.Second
	// answerWithin bounds all calls, whatever is cut.
	answerWithin = 10 * time.Second
)

// TestCuts: the network of three nodes under load is cut. No read ever returns what was not
// written to its key; hits come back, no call hangs, and no node ends. No read of a node with a
// majority returns an old value once the nodes have noticed, and none at all once the network is healed.
func TestCuts(t *testing.T) {
	needFaults(t)
	t.Parallel()
	for replicas := 1; replicas <= 2; replicas++ {
		t.Run(fmt.Sprintf("replicas=%d", replicas), func(t *testing.T) {
			t.Parallel()
			c, some := newCutting(t, replicas), chosen(t)
			if *cutsFor == 0 {
				for _, one := range some {
					c.befall(one, noticed)
				}
			}
			for began := time.Now(); time.Since(began) < *cutsFor && !t.Failed(); {
				c.befall(some[c.random.IntN(len(some))], c.between(shortest, *cutsMost))
			}
			c.end()
		})
	}
}

// chosen are the cuts that the test was told to choose from.
func chosen(t *testing.T) []cut {
	t.Helper()
	pattern, err := regexp.Compile(*cutsOnly)
	if err != nil {
		t.Fatalf("-cuts.only: %v", err)
	}
	isAsked := func(c cut) bool { return c.brief || *cutsFor != 0 || *cutsOnly != "" }
	some := slices.DeleteFunc(slices.Clone(cuts), func(c cut) bool { return !isAsked(c) || !pattern.MatchString(c.name) })
	if len(some) == 0 {
		t.Fatalf("-cuts.only=%s leaves no cut", *cutsOnly)
	}
	return some
}

// cutting is a cache under load whose network is cut.
type cutting struct {
	t       *testing.T
	network *network.Network
	nodes   []*node
	doors   []*door
	ledger  *ledger
	random  *rand.Rand
	ratio   float64 // of hits, before anything was cut
	end     func()
}

func newCutting(t *testing.T, replicas int) *cutting {
	needEvicting(t)
	seed := *cutsSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-cuts.seed=%d", seed)
	c := &cutting{t: t, random: rand.New(rand.NewPCG(seed, 0)), ledger: newLedger(t, keys, valueLen)}
	var place *place
	c.network, place = hosts(t, 3)
	c.nodes = startNodes(t, place, replicas)
	c.doors = doors(c.nodes...)
	end := c.ledger.load(clients, func(i int) *door { return c.doors[i%len(c.doors)] })
	awaitEvictions(t, c.nodes...)
	c.ratio = c.ledger.hitRatio(look)
	c.end = func() {
		end()
		l := c.ledger
		t.Logf("%d reads, %d old values while links were cut, %d writes failed, the slowest call took %v",
			l.reads.Load(), l.old.Load(), l.failedWrites.Load(), time.Duration(l.slowest.Load()).Round(time.Millisecond))
	}
	return c
}

// hosts is a network, and a place in which each node has a host of it.
func hosts(t *testing.T, count int) (*network.Network, *place) {
	t.Helper()
	if err := network.Available(); err != nil {
		t.Skip(err)
	}
	n, err := network.New(count)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &place{
		secret: strings.Repeat("secret", 4), dial: n.Dial,
		command: func(node int, program string) *exec.Cmd { return n.Command(node+1, program) },
	}
	for host := range count {
		p.addresses = append(p.addresses, net.JoinHostPort(n.Address(host+1), "7100"))
	}
	return n, p
}

func (c *cutting) between(least, most time.Duration) time.Duration {
	return least + time.Duration(c.random.Int64N(int64(most-least)))
}

// befall cuts the network for so long, and looks whether all is well after it.
func (c *cutting) befall(one cut, lasts time.Duration) {
	c.t.Helper()
	c.ledger.changing.Store(true)
	c.ledger.slowest.Store(0)
	for _, i := range one.alone {
		c.doors[i].cutOff.Store(true)
		c.doors[i].mayRefuse.Store(true)
	}
	c.check(one.begin(c.network))
	switch {
	case one.flaps:
		c.flap(one, lasts)
	case len(one.alone) == 1 && lasts >= noticed:
		c.parted(one, lasts)
	default:
		time.Sleep(lasts)
	}
	c.check(c.network.Heal())
	healed := time.Now()
	awaitNodesWithin(c.t, wholeWithin, c.nodes...)
	whole := time.Since(healed)
	time.Sleep(settle)
	c.ledger.changing.Store(false)
	for _, d := range c.doors {
		d.cutOff.Store(false)
	}
	ratio, since := c.ledger.hitRatio(look), time.Now()
	for ratio < c.ratio/2 && time.Since(since) < hitsWithin { // nodes may have begun anew, empty
		ratio = c.ledger.hitRatio(look)
	}
	slowest := time.Duration(c.ledger.slowest.Load())
	c.t.Logf("%s for %v: whole again after %v, hit ratio %.2f of %.2f, slowest call %v",
		one.name, lasts.Round(time.Millisecond), whole.Round(time.Millisecond), ratio, c.ratio, slowest.Round(time.Millisecond))
	if ratio < c.ratio/2 {
		c.t.Errorf("hits do not come back after %s was cut: %.2f, and %.2f before", one.name, ratio, c.ratio)
	}
	if slowest > answerWithin {
		c.t.Errorf("a call took %v while %s was cut", slowest, one.name)
	}
	awaitNodesWithin(c.t, wholeWithin, c.nodes...)
}

func (c *cutting) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// flap heals a cut and begins it again for so long.
func (c *cutting) flap(one cut, lasts time.Duration) {
	for began := time.Now(); time.Since(began) < lasts; {
		time.Sleep(c.between(shortest/5, mostFlaps))
		c.check(c.network.Heal())
		time.Sleep(c.between(shortest/5, mostFlaps))
		c.check(one.begin(c.network))
	}
}

// parted waits until the nodes have noticed a cut that leaves one alone. From then on that one
// refuses everything, and the others are well.
func (c *cutting) parted(one cut, lasts time.Duration) {
	c.t.Helper()
	began, alone := time.Now(), c.nodes[one.alone[0]]
	awaitNodes(c.t, c.nodes[:one.alone[0]]...)
	for alone.seen() != 0 {
		if time.Since(began) > 30*time.Second {
			c.t.Fatalf("node %d still sees %d nodes", alone.index, alone.seen())
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	time.Sleep(settle)
	c.ledger.changing.Store(false)
	for rest := true; rest; rest = time.Since(began) < lasts {
		ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
		err := alone.redis.Get(ctx, keyName(c.random.IntN(keys))).Err()
		cancel()
		if err == nil || errors.Is(err, redis.Nil) || !strings.HasPrefix(err.Error(), "CLUSTERDOWN") {
			c.t.Errorf("a node that is cut off for %v answers: %v", time.Since(began), err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.ledger.changing.Store(true)
	c.t.Logf("all have noticed after %v", took.Round(time.Millisecond))
}
