package simulation

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

const hour = time.Hour

// small is a cluster to which nothing happens.
func small() Config {
	return Config{
		Nodes: 30, PerZone: 5, Shards: 128, Replicas: 3, Seed: 1,
		NodeData: 1 << 30, Bandwidth: 1 << 20, Streams: 4,
		RestartTime: hour / 12, ZoneTime: hour,
		DeadAfter: hour / 6, Replacement: 2 * hour, Restore: 4 * hour, Election: 2 * time.Second, Years: 1,
		Failures: []int{2, 4}, Trials: 2000, Scatter: 4,
		Heartbeat: 100 * time.Millisecond, Active: 0.25, Latency: time.Millisecond, Link: 1e8,
		GroupMemory: 1000, GroupTasks: 2,
	}
}

func run(t *testing.T, c Config, parts ...Part) Report {
	t.Helper()
	report, err := Run(c, parts...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*want {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

func TestSameSeedSameFigures(t *testing.T) {
	c := small()
	c.DiskMTBF, c.RestartMTBF, c.ZoneMTBF = 2000*hour, 500*hour, 3000*hour
	all := run(t, c, Parts...)
	if again := run(t, c, Parts...); !reflect.DeepEqual(all, again) {
		t.Errorf("%+v, and then %+v", all, again)
	}
	alone := run(t, c, PartYear)
	if !reflect.DeepEqual(all.Year, alone.Year) {
		t.Errorf("%+v beside other parts, %+v alone", all.Year, alone.Year)
	}
	c.Seed = 2
	if other := run(t, c, PartYear); reflect.DeepEqual(other.Year, alone.Year) {
		t.Errorf("the seed changes nothing: %+v", other.Year)
	}
}

func TestValidate(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		"replicas":                            func(c *Config) { c.Replicas = 2 },
		"replicas must be odd, and at most 9": func(c *Config) { c.Replicas = 11 },
		"nodes":                               func(c *Config) { c.Nodes = 2 },
		"shards":                              func(c *Config) { c.Shards = Slots + 1 },
		"active":                              func(c *Config) { c.Active = 1.1 },
		"scatter":                             func(c *Config) { c.Scatter = 1 },
	} {
		c := small()
		spoil(&c)
		if _, err := Run(c); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := Run(small(), "fate"); err == nil {
		t.Error("a part that there is not")
	}
}

func TestBalance(t *testing.T) {
	balance := run(t, small(), PartBalance).Balance // 384 replicas on 30 nodes
	if want := (Spread{12, 13, 12.8}); balance.Replicas != want {
		t.Errorf("replicas: %+v", balance.Replicas)
	}
	if balance.Leaders.Least < 4 || balance.Leaders.Greatest > 5 || balance.Sets > 128 || balance.Peers.Greatest > 26 {
		t.Errorf("%+v", balance)
	}
}

// A set of nodes is the same in whatever order they are listed.
func TestSetsOfThreeNodes(t *testing.T) {
	c := small()
	c.Nodes = 3
	if sets := run(t, c, PartBalance).Balance.Sets; sets != 1 {
		t.Errorf("three nodes make %d sets of three", sets)
	}
}

// What is lost is made anew once, by many; the time is between what all of them need at least and
// what one would.
func TestChanges(t *testing.T) {
	c := small()
	all := run(t, c, PartChanges).Changes
	for name, change := range map[string]Change{"loss": all.Loss, "drain": all.Drain, "zone": all.Zone, "join": all.Join} {
		near(t, name+": bytes", change.Bytes, float64(change.Moves)*c.shardBytes(), 1e-9)
		least := change.Bytes / c.Bandwidth / float64(min(change.Receivers, change.Senders))
		if change.Seconds < least*(1-1e-9) || change.Seconds > change.Bytes/c.Bandwidth {
			t.Errorf("%s: %v seconds, %v at least", name, change.Seconds, least)
		}
		if change.Else != 0 || change.Stuck != 0 || change.After.Replicas.Greatest-change.After.Replicas.Least > 2 {
			t.Errorf("%s: %+v", name, change)
		}
	}
	if all.Loss.Moves != 13 || all.Drain.Moves != 13 || all.Join.Moves != 12 || all.Zone.Moves < 5*12 {
		t.Errorf("%d, %d, %d and %d moves", all.Loss.Moves, all.Drain.Moves, all.Join.Moves, all.Zone.Moves)
	}
	if all.Loss.Receivers < 10 || all.Join.Receivers != 1 || all.Join.Before.Replicas.Least != 0 {
		t.Errorf("%d take part in a loss, %d in a join: %+v", all.Loss.Receivers, all.Join.Receivers, all.Join)
	}
	if all.Drain.Transfers < all.Drain.Before.Leaders.Least {
		t.Errorf("%d transfers: a draining node hands its leads on first", all.Drain.Transfers)
	}
	c.Bandwidth *= 2
	near(t, "time at twice the bandwidth", run(t, c, PartChanges).Changes.Zone.Seconds, all.Zone.Seconds/2, 1e-6)
}

// Two copies share a sender: half the speed each, and the third waits for its turn.
func TestCopiesShareBandwidth(t *testing.T) {
	c := small()
	c.Streams = 2
	pool := newCopies(c, func(placement.Move) (placement.NodeID, bool) { return 1, true })
	pool.add([]placement.Move{{Shard: 0, From: 9, To: 2}, {Shard: 1, From: 9, To: 3}, {Shard: 2, From: 9, To: 4}})
	alone := c.shardBytes() / c.Bandwidth
	pool.begin()
	near(t, "the first", pool.next(), 2*alone, 1e-9)
	if done := pool.advance(alone); len(done) != 0 || len(pool.waiting) != 1 {
		t.Errorf("%v done half-way, %d wait", done, len(pool.waiting))
	}
	pool.interrupt(3, true)
	near(t, "the rest without the second", pool.next(), alone/2, 1e-9)
	if done := pool.advance(pool.next()); len(done) != 1 || done[0].To != 2 {
		t.Errorf("%v done", done)
	}
	if pool.begin(); len(pool.active) != 1 || len(pool.moves()) != 1 {
		t.Errorf("%v left", pool.moves())
	}
	near(t, "the last, alone", pool.next(), alone, 1e-9)
}

// The part of the keys that is lost on average is known: a shard loses a majority of three with
// the probability that two or three of its nodes are among those drawn, wherever they are.
func TestBlastIsHypergeometric(t *testing.T) {
	c := small()
	c.Trials = 40000
	report := run(t, c, PartBlast)
	choose := func(n, k int) float64 { return math.Round(math.Exp(lgamma(n+1) - lgamma(k+1) - lgamma(n-k+1))) }
	for _, blasts := range [][]Blast{report.Blasts, report.Copysets} {
		for _, blast := range blasts {
			k, all := blast.Failures, choose(30, blast.Failures)
			copies := 0.0
			if k >= 3 {
				copies = choose(27, k-3) / all
			}
			near(t, "majority", blast.MajorityShare, 3*choose(27, k-2)/all+copies, 0.1)
			near(t, "copies", blast.CopiesShare, copies, 0.4)
			near(t, "share by probability", blast.Majority*blast.MajorityHit, blast.MajorityShare, 1e-9)
		}
	}
	if report.Copysets[0].Majority >= report.Blasts[0].Majority || report.Copysets[0].MajorityHit <= report.Blasts[0].MajorityHit {
		t.Errorf("copysets are to lose more less often: %+v beside %+v", report.Copysets[0], report.Blasts[0])
	}
	c.Failures = []int{30}
	if blast := run(t, c, PartBlast).Blasts[0]; blast.Majority != 1 || blast.CopiesShare != 1 {
		t.Errorf("all nodes: %+v", blast)
	}
}

func lgamma(n int) float64 { value, _ := math.Lgamma(float64(n)); return value }

// Sets are of distinct zones, and a node has no more peers than was asked for.
func TestCopysets(t *testing.T) {
	c := small()
	cluster := c.cluster()
	cluster.Shards = copysets(rand.New(rand.NewPCG(1, 1)), c, cluster.Nodes)
	balance := balanceOf(cluster)
	if balance.Peers.Greatest > c.Scatter || balance.Sets > 20 || balance.Sets < 16 {
		t.Errorf("%+v", balance)
	}
	for _, shard := range cluster.Shards {
		var zones []string
		for _, id := range shard.Replicas {
			zones = append(zones, cluster.Nodes[id-1].Zone)
		}
		slices.Sort(zones)
		if len(slices.Compact(zones)) != c.Replicas {
			t.Errorf("%v is not in %d zones", shard.Replicas, c.Replicas)
		}
	}
}

func TestControl(t *testing.T) {
	c := small()
	for _, c.Nodes = range []int{3, 10, 100} {
		control := run(t, c, PartControl).Control
		near(t, "plain", control.Plain, 128*2*2*10/float64(c.Nodes), 1e-9)
		near(t, "quiescent", control.Quiescent, control.Plain/4, 1e-9)
		near(t, "memory", control.Memory, 3*128*1000/float64(c.Nodes), 1e-9)
		if control.Coalesced > control.Plain || control.Both > control.Quiescent || control.Both > control.Coalesced {
			t.Errorf("coalesced are more: %+v", control)
		}
		if control.Connections != c.Nodes-1 || control.Peers > float64(control.Connections) {
			t.Errorf("%+v", control)
		}
		if c.Nodes == 3 { // each leads, and has two followers
			near(t, "coalesced", control.Coalesced, 2*2*10, 1e-9)
		}
	}
}
