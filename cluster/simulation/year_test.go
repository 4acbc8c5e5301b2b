package simulation

import (
	"math/rand/v2"
	"testing"
)

func (c Config) world() *world {
	return newWorld(c, rand.New(rand.NewPCG(c.Seed, 9)), c.cluster())
}

// Restarts alone take elections, as many as the node led, and hardly ever a majority.
func TestRestarts(t *testing.T) {
	c := small()
	c.RestartMTBF = 100 * hour
	got := c.world().run()
	near(t, "restarts", got.Restarts, 365.25*24*30/100, 0.1)
	near(t, "in elections", got.Electing, got.Restarts/30*2/year, 0.15)
	if got.NoMajority == 0 || got.NoMajority > 1e-3 || got.Copied != 0 || got.Degraded != 0 {
		t.Errorf("%+v", got)
	}
}

// Where there is no majority there is no election either: the time counts once.
func TestElectionTakesMajority(t *testing.T) {
	c := small()
	c.Nodes = 3
	w := c.world()
	w.leave(0, hour)
	elected := w.sums.Electing
	w.leave(1, hour)
	if elected == 0 || w.sums.Electing != elected || len(w.noMajority) != c.Shards {
		t.Errorf("%v and then %v seconds of elections, %d shards without a majority", elected, w.sums.Electing, len(w.noMajority))
	}
}

// A shard has one replica in a zone, so an outage of one takes no majority.
func TestOutagesOfZones(t *testing.T) {
	c := small()
	c.ZoneMTBF, c.ZoneTime = 2000*hour, hour/60
	if got := c.world().run(); got.ZoneOutages < 10 || got.NoMajority != 0 || got.Electing == 0 {
		t.Errorf("%+v", got)
	}
	c.ZoneMTBF, c.ZoneTime = 10*hour, 5*hour // two at a time
	if got := c.world().run(); got.NoMajority < 0.1 {
		t.Errorf("%+v", got)
	}
}

// Disks that fail one at a time lose nothing. What is copied is what they held, and again what
// their successors take over.
func TestDisks(t *testing.T) {
	c := small()
	c.Seed, c.DiskMTBF, c.Years = 2, 20000*hour, 3
	got := c.world().run()
	near(t, "disks", got.DiskFailures, 365.25*24*30/20000, 0.5)
	near(t, "copied", got.Copied, 2*got.DiskFailures*c.NodeData, 0.1)
	if got.Degraded == 0 || got.Lost != 0 || got.Revived != 0 || got.NoMajority != 0 {
		t.Errorf("%+v", got)
	}
	c.Bandwidth /= 4
	if slow := c.world().run(); slow.Degraded < 1.2*got.Degraded {
		t.Errorf("with a quarter of the bandwidth %v of shards are short of a copy, with all of it %v", slow.Degraded, got.Degraded)
	}
}

// However much fails, the books are right: at the end as at any time, what is said of shards is
// what their nodes are, and when the failures stop the cluster comes to rest with all copies.
func TestBooksOfTheWorld(t *testing.T) {
	c := small()
	c.Nodes, c.PerZone = 9, 3
	c.DiskMTBF, c.RestartMTBF, c.ZoneMTBF = 100*hour, 20*hour, 200*hour
	c.Bandwidth /= 8
	w := c.world()
	got := w.run()
	if got.Revived == 0 || got.Lost == 0 || got.NoMajority == 0 {
		t.Errorf("nothing worth a test happened: %+v", got)
	}
	for s, shard := range w.cluster.Shards {
		if without := living(shard, w.alive) <= len(shard.Replicas)/2; w.noMajority[s] != without {
			t.Errorf("shard %d on %v: without a majority is %v", s, shard.Replicas, without)
		}
		if short := living(shard, w.whole) < c.Replicas; w.degraded[s] != short {
			t.Errorf("shard %d on %v: short of a copy is %v", s, shard.Replicas, short)
		}
		if len(shard.Replicas) > c.Replicas {
			t.Errorf("shard %d on %v", s, shard.Replicas)
		}
	}
	for i := range w.pool.active {
		if to := w.pool.active[i].move.To; !w.alive(to) {
			t.Errorf("node %d receives and is away", to)
		}
	}
	w.peace = true
	w.Years++
	w.run()
	if len(w.degraded) != 0 || len(w.noMajority) != 0 {
		t.Errorf("%d shards stay without all copies, %d without a majority", len(w.degraded), len(w.noMajority))
	}
}
