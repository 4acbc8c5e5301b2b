//go:build linux

package cachenode_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestConditions: SET with NX and XX while nodes are killed, come back and are cut off, where
// nothing is evicted. While nodes neither come nor go, one of those that claim a key by NX at a
// time gets it. What two did meanwhile has one outcome for all, once nodes know of each other. With
// two copies, nearly all that was claimed before a kill, a join or a cut stays claimed.
func TestConditions(t *testing.T) {
	needFaults(t)
	t.Parallel()
	for replicas := 1; replicas <= 2; replicas++ {
		t.Run(fmt.Sprintf("replicas=%d", replicas), func(t *testing.T) {
			t.Parallel()
			needEvicting(t)
			net, place := hosts(t, 3)
			c := &claims{t: t, stalls: watchStalls(t), nodes: startNodes(t, place, replicas), kept: replicas == 2}
			c.calm()

			away := c.nodes[2]
			c.during("a kill", c.nodes[:2], func() { away.kill(); awaitNodes(t, c.nodes[:2]...) })
			c.during("a join", c.nodes[:2], func() { away.start(); awaitNodes(t, c.nodes...) })
			c.calm()
			c.during("a cut", c.nodes, func() {
				if err := net.Part([]int{3}, []int{1, 2}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(noticed)
				if err := net.Heal(); err != nil {
					t.Fatal(err)
				}
				awaitNodes(t, c.nodes...)
			})
			c.calm()
		})
	}
}

// claim is a key that all nodes are asked to set to their own name if it is absent.
type claim struct {
	key  string
	held []string // by whom it was set, or may have been
	got  bool     // somebody was told so
	firm bool     // that was when nodes neither came nor went
}

// claims are all that there were.
type claims struct {
	t      *testing.T
	nodes  []*node
	stalls *stalls
	races  int      // how many keys were ever claimed
	all    []*claim // those that are not gone
	kept   bool     // they are on two nodes, so that one that dies or is cut off loses nearly none
}

// race has clients claim a key by some nodes at a time, and returns how many got it and how many
// do not know.
func (c *claims) race(nodes []*node) (one *claim, got, unknown int) {
	c.races++
	one = &claim{key: fmt.Sprintf("claim/%d", c.races)}
	c.all = append(c.all, one)
	var mu sync.Mutex
	var racing sync.WaitGroup
	for _, n := range nodes {
		racing.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
			defer cancel()
			did, err := n.redis.SetNX(ctx, one.key, fmt.Sprint(n.index), 0).Result()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil && strings.HasPrefix(err.Error(), "CLUSTERDOWN"): // it was not done
			case err != nil:
				unknown++
			case did:
				got++
			default:
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "CLUSTERDOWN") {
				one.held = append(one.held, fmt.Sprint(n.index))
			}
		})
	}
	racing.Wait()
	one.got = got > 0
	return one, got, unknown
}

// calm has keys be claimed while nodes neither come nor go.
func (c *claims) calm() {
	c.t.Helper()
	for range 200 {
		one, got, unknown := c.race(c.nodes)
		one.firm = true
		if (got != 1 || unknown != 0) && !c.stalls.upset() {
			c.t.Errorf("%s was claimed by %v, of which %d do not know", one.key, one.held, unknown)
		}
		never := fmt.Sprintf("never/%d", c.races)
		if did, err := c.nodes[0].redis.SetXX(context.Background(), never, "x", 0).Result(); did || err != nil {
			c.t.Errorf("a key that was never there is set by XX: %v, %v", did, err)
		}
	}
	c.check()
}

// during has keys be claimed while something befalls nodes.
func (c *claims) during(what string, nodes []*node, befall func()) {
	c.t.Helper()
	over := make(chan struct{})
	before, twice := c.races, 0
	var racing sync.WaitGroup
	racing.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			if _, got, _ := c.race(nodes); got > 1 {
				twice++
			}
			time.Sleep(pause)
		}
	})
	befall()
	close(over)
	racing.Wait()
	time.Sleep(settle)
	c.t.Logf("during %s: %d of %d keys were claimed by two, %d are gone", what, twice, c.races-before, c.check())
}

// check looks at what became of all claims: all nodes are to tell the same of each, and one who got
// it. It returns how many are gone that somebody had got. With two copies these are few: those that
// were on their way when others of their class were written.
func (c *claims) check() (gone int) {
	c.t.Helper()
	firm, firmGone := 0, 0
	c.all = slices.DeleteFunc(c.all, func(one *claim) bool {
		absent := c.holder(one) == ""
		if one.firm {
			firm++
		}
		if absent && one.got {
			gone++
		}
		if absent && one.firm {
			firmGone++
		}
		return absent
	})
	if c.kept && firmGone > firm/mostGone && !c.stalls.upset() {
		c.t.Errorf("%d of %d keys are gone that were on two nodes", firmGone, firm)
	}
	return gone
}

// pause is between claims while something befalls nodes: each is looked at several times later.
const pause = 5 * time.Millisecond

// mostGone is the part of keys on two nodes that may be lost when nodes come and go.
const mostGone = 20

// holder is who has claimed a key, as all nodes that answer tell; empty: nobody.
func (c *claims) holder(one *claim) (holder string) {
	c.t.Helper()
	for i, n := range c.nodes {
		if n.seen() == 0 {
			continue // it was killed
		}
		value, err := n.redis.Get(context.Background(), one.key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			c.t.Errorf("%s: %v", one.key, err)
		}
		if i > 0 && value != holder || value != "" && !slices.Contains(one.held, value) {
			c.t.Errorf("%s, claimed by %v, has the value %q at node %d, and %q before", one.key, one.held, value, i, holder)
		}
		holder = value
	}
	if holder != "" {
		if did, err := c.nodes[0].redis.SetNX(context.Background(), one.key, "late", 0).Result(); did || err != nil {
			c.t.Errorf("%s, which %q has, is claimed once more: %v, %v", one.key, holder, did, err)
		}
	}
	return holder
}
