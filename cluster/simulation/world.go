package simulation

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

func newWorld(c Config, rng *rand.Rand, cluster placement.Cluster) *world {
	w := &world{
		Config: c, rng: rng, cluster: cluster.Clone(), lastID: placement.NodeID(c.Nodes),
		place:      make(map[placement.NodeID]int),
		noMajority: make(map[int]bool), degraded: make(map[int]bool),
	}
	w.pool = newCopies(c, w.source)
	for i, node := range cluster.Nodes {
		w.members = append(w.members, member{id: node.ID})
		w.place[node.ID] = i
		w.every(c.RestartMTBF, func() { w.restart(i) })
		w.every(c.DiskMTBF, func() { w.breakDisk(i) })
	}
	for zone := range c.zones() {
		w.every(c.ZoneMTBF, func() { w.outage(zone) })
	}
	return w
}

// every has something happen again and again, after times that know nothing of each other; never
// if their mean is 0.
func (w *world) every(mean time.Duration, happen func()) {
	if mean == 0 {
		return
	}
	w.at(w.now+w.rng.ExpFloat64()*mean.Seconds(), func() {
		w.every(mean, happen)
		if !w.peace {
			happen()
		}
	})
}

func (w *world) after(wait time.Duration, happen func()) {
	w.at(w.now+wait.Seconds(), happen)
}

func (w *world) at(time float64, happen func()) { heap.Push(&w.events, event{time, happen}) }

// restart takes a node away for a while.
func (w *world) restart(place int) {
	w.sums.Restarts++
	w.leave(place, w.RestartTime)
}

// outage takes all of a zone away for a while.
func (w *world) outage(zone int) {
	w.sums.ZoneOutages++
	for place := zone; place < w.Nodes; place += w.zones() {
		w.leave(place, w.ZoneTime)
	}
}

func (w *world) leave(place int, wait time.Duration) {
	node := &w.members[place]
	id := node.id
	node.outs++
	w.fell(id)
	w.pool.interrupt(id, false)
	w.after(wait, func() {
		if node := &w.members[place]; node.id == id { // else another has its place
			node.outs--
			w.look(id)
		}
	})
	w.look(id)
}

// breakDisk takes a node's data away. It counts as dead after a while, and another takes its
// place after a longer one.
func (w *world) breakDisk(place int) {
	node := &w.members[place]
	if node.broke {
		return
	}
	w.sums.DiskFailures++
	node.broke = true
	id := node.id
	w.fell(id)
	w.pool.interrupt(id, true)
	w.look(id)
	w.after(w.DeadAfter, func() {
		i := slices.IndexFunc(w.cluster.Nodes, func(n placement.Node) bool { return n.ID == id })
		if i >= 0 {
			w.cluster.Nodes[i].State = placement.Dead
			w.pool.interrupt(id, true)
			w.plan()
		}
	})
	w.after(max(w.Replacement, w.DeadAfter), func() { w.replace(place) })
}

func (w *world) replace(place int) {
	w.cluster.Nodes = slices.DeleteFunc(w.cluster.Nodes, func(n placement.Node) bool { return n.ID == w.members[place].id })
	w.lastID++
	w.members[place] = member{id: w.lastID}
	w.place[w.lastID] = place
	w.cluster.Nodes = append(w.cluster.Nodes, placement.Node{ID: w.lastID, Zone: w.zoneOf(place)})
	w.plan()
}

// plan asks the policy for what is to be moved, and begins it; and for who is to lead.
func (w *world) plan() {
	w.cluster.InFlight = w.pool.moves()
	w.pool.add(placement.Plan(w.cluster, placement.Limits{}))
	for _, transfer := range placement.Transfers(w.cluster, 0) {
		if w.alive(transfer.To) {
			w.cluster.Shards[transfer.Shard].Leader = transfer.To
		}
	}
	w.cluster.InFlight = nil
}

// pass lets time go by, and ends the moves that are done.
func (w *world) pass(seconds float64) {
	w.sums.NoMajority += seconds * float64(len(w.noMajority))
	w.sums.Degraded += seconds * float64(len(w.degraded))
	done, again := w.pool.advance(seconds), false
	for _, move := range done {
		if w.noMajority[move.Shard] && len(w.cluster.Shards[move.Shard].Replicas) > 0 {
			w.pool.add([]placement.Move{move}) // nobody could agree that it is done
			continue
		}
		w.sums.Copied += w.shardBytes()
		w.cluster.Apply(move)
		w.lookAt(move.Shard)
		again = again || w.degraded[move.Shard] // another of its replicas is to be made anew
	}
	if again || len(done) > 0 && len(w.pool.active)+len(w.pool.waiting) == 0 {
		w.plan()
	}
}

// whole tells whether a node has its data, away or not; alive, whether it is there too.
func (w *world) whole(id placement.NodeID) bool {
	place, known := w.place[id]
	return known && w.members[place].id == id && !w.members[place].broke
}

func (w *world) alive(id placement.NodeID) bool {
	return w.whole(id) && w.members[w.place[id]].outs == 0
}

// source is who sends a shard: its leader or another replica that lives, while it has a
// majority; a backup, if it has no replicas.
func (w *world) source(move placement.Move) (placement.NodeID, bool) {
	shard := w.cluster.Shards[move.Shard]
	if !w.alive(move.To) || w.noMajority[move.Shard] && len(shard.Replicas) > 0 {
		return 0, false
	}
	if len(shard.Replicas) == 0 {
		return 0, true
	}
	return senderOf(shard, w.alive)
}

// fell has others elected where a node led.
func (w *world) fell(id placement.NodeID) {
	for s := range w.cluster.Shards {
		shard := &w.cluster.Shards[s]
		if shard.Leader != id {
			continue
		}
		if living(*shard, w.alive) > len(shard.Replicas)/2 {
			w.sums.Electing += w.Election.Seconds()
		}
		shard.Leader, _ = senderOf(placement.Shard{Replicas: shard.Replicas}, w.alive)
	}
}

// look takes stock of the shards that a node holds.
func (w *world) look(id placement.NodeID) {
	for s, shard := range w.cluster.Shards {
		if slices.Contains(shard.Replicas, id) {
			w.lookAt(s)
		}
	}
}

// lookAt takes stock of a shard. If most of its copies are gone for good, someone has to revive
// it from what is left, or from a backup.
func (w *world) lookAt(s int) {
	shard := &w.cluster.Shards[s]
	set(w.noMajority, s, living(*shard, w.alive) <= len(shard.Replicas)/2)
	whole := living(*shard, w.whole)
	set(w.degraded, s, whole < w.Replicas)
	if shard.Leader == 0 || !w.alive(shard.Leader) {
		shard.Leader, _ = senderOf(placement.Shard{Replicas: shard.Replicas}, w.alive)
	}
	if len(shard.Replicas) > 0 && whole <= len(shard.Replicas)/2 {
		w.after(w.Restore, func() { w.revive(s) })
	}
}

// revive goes on with the copies of a shard that are left.
func (w *world) revive(s int) {
	shard := &w.cluster.Shards[s]
	left := slices.DeleteFunc(slices.Clone(shard.Replicas), func(id placement.NodeID) bool { return !w.whole(id) })
	if len(shard.Replicas) == 0 || len(left) > len(shard.Replicas)/2 {
		return // done already
	}
	if len(left) == 0 {
		w.sums.Lost++
	} else {
		w.sums.Revived++
	}
	shard.Replicas, shard.Leader = left, 0
	w.lookAt(s)
	w.plan()
}

func set(of map[int]bool, s int, in bool) {
	if in {
		of[s] = true
	} else {
		delete(of, s)
	}
}

// An event happens at a time.
type event struct {
	at     float64
	happen func()
}

// events are a heap, the next one first.
type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
