package placement

import (
	"cmp"
	"iter"
	"slices"
)

// A layout is a cluster by small numbers, with what it would be after the moves planned so far.
// Nodes are numbered in the order of their IDs, so that nothing hangs on the order of a list.
type layout struct {
	ids    []NodeID
	state  []State
	away   []bool
	weight []float64
	zone   []int
	zones  int
	up     []int // the nodes that may hold replicas
	calm   bool  // none of them is away
	number map[NodeID]int

	replicas [][]int // of each shard, the nodes that hold it
	leader   []int   // of each shard, or none
	frozen   []bool  // of each shard: it gets no move, or no other one
	held     [][]int // of each node, the shards that it holds
	want     int     // replicas that a shard is to have, as far as there are nodes
	perZone  int     // replicas of a shard that a zone may have
	share    []float64
}

// none stands for no node.
const none = -1

func newLayout(c Cluster) *layout {
	l := &layout{calm: true}
	l.addNodes(c)
	l.addShards(c)
	for _, move := range c.InFlight {
		l.relocate(move.Shard, l.find(move.From), l.find(move.To))
		l.frozen[move.Shard] = true
	}
	l.want = min(c.Replicas, len(l.up))
	sizes := make([]int, l.zones)
	for _, node := range l.up {
		sizes[l.zone[node]]++
	}
	l.perZone = zoneCap(sizes, l.want)
	l.setShares(l.whenFilled())
	return l
}

// addNodes numbers the members, and the removed nodes that still have replicas as dead ones.
func (l *layout) addNodes(c Cluster) {
	nodes := slices.Clone(c.Nodes)
	known := make(map[NodeID]bool, len(nodes))
	for _, node := range nodes {
		known[node.ID] = true
	}
	for _, shard := range c.Shards {
		for _, id := range shard.Replicas {
			if !known[id] {
				known[id] = true
				nodes = append(nodes, Node{ID: id, State: Dead})
			}
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	l.number = make(map[NodeID]int, len(nodes))
	l.held = make([][]int, len(nodes))
	zones := make(map[string]int)
	for i, node := range nodes {
		if node.State == Up {
			l.up = append(l.up, i)
		}
		if node.Weight == 0 {
			node.Weight = 1
		}
		zone, ok := zones[node.Zone]
		if !ok {
			zone = l.zones
			l.zones++
			if node.Zone != "" {
				zones[node.Zone] = zone
			}
		}
		l.number[node.ID] = i
		l.ids = append(l.ids, node.ID)
		l.state = append(l.state, node.State)
		l.away = append(l.away, node.Away)
		l.calm = l.calm && !(node.Away && node.State == Up)
		l.weight = append(l.weight, node.Weight)
		l.zone = append(l.zone, zone)
	}
}

func (l *layout) addShards(c Cluster) {
	l.replicas = make([][]int, len(c.Shards))
	l.leader = make([]int, len(c.Shards))
	l.frozen = make([]bool, len(c.Shards))
	for s, shard := range c.Shards {
		l.leader[s] = l.find(shard.Leader)
		alive := 0
		for _, id := range shard.Replicas {
			node := l.number[id]
			l.replicas[s] = append(l.replicas[s], node)
			l.held[node] = append(l.held[node], s)
			if l.state[node] != Dead {
				alive++
			}
		}
		slices.Sort(l.replicas[s])
		l.frozen[s] = shard.Stuck || alive <= len(shard.Replicas)/2 && len(shard.Replicas) > 0
	}
}

func (l *layout) find(id NodeID) int {
	if node, ok := l.number[id]; ok {
		return node
	}
	return none
}

// relocate changes where a replica is; from or to may be none.
func (l *layout) relocate(s, from, to int) {
	if from != none {
		l.replicas[s] = remove(l.replicas[s], from)
		l.held[from] = remove(l.held[from], s)
	}
	if to != none && !slices.Contains(l.replicas[s], to) {
		l.replicas[s] = append(l.replicas[s], to)
		l.held[to] = append(l.held[to], s)
	}
}

func remove(list []int, item int) []int {
	return slices.DeleteFunc(list, func(other int) bool { return other == item })
}

// whenFilled is how many replicas the nodes that are up will hold once nothing is missing.
func (l *layout) whenFilled() (total int) {
	for s, replicas := range l.replicas {
		if !l.frozen[s] {
			total += l.want
			continue
		}
		for _, node := range replicas {
			if l.state[node] == Up {
				total++
			}
		}
	}
	return total
}

// setShares sets how many of total replicas each node is to hold.
func (l *layout) setShares(total int) {
	var weights []float64
	var zone []int
	for _, node := range l.up {
		weights = append(weights, l.weight[node])
		zone = append(zone, l.zone[node])
	}
	shards := float64(len(l.replicas))
	l.share = make([]float64, len(l.ids))
	for i, share := range shares(float64(total), weights, zone, l.zones, shards, shards*float64(l.perZone)) {
		l.share[l.up[i]] = share
	}
}

// excess is how many replicas more than its share a node holds.
func (l *layout) excess(node int) float64 { return float64(len(l.held[node])) - l.share[node] }

// crowd is how many replicas of a shard a zone has on nodes that are up.
func (l *layout) crowd(s, zone int) (count int) {
	for _, node := range l.replicas[s] {
		if l.zone[node] == zone && l.state[node] == Up {
			count++
		}
	}
	return count
}

// takes tells whether a node may be given anything.
func (l *layout) takes(node int) bool { return l.state[node] == Up && !l.away[node] }

// fits tells whether a replica of a shard may be on a node once the one at from, if that is not
// none, is gone.
func (l *layout) fits(s, from, to int) bool {
	zone, crowd := l.zone[to], 0
	for _, node := range l.replicas[s] {
		if node == to {
			return false
		}
		if node != from && l.zone[node] == zone && l.state[node] == Up {
			crowd++
		}
	}
	return l.takes(to) && crowd < l.perZone
}

// taking yields the nodes that may take over the replica that from has of a shard, or that the
// shard lacks if from is none.
func (l *layout) taking(s, from int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, to := range l.up {
			if l.fits(s, from, to) && !yield(to) {
				return
			}
		}
	}
}

// best is the node furthest below its share that may take a replica, or none.
func (l *layout) best(s, from int) int {
	best := none
	for to := range l.taking(s, from) {
		if best == none {
			best = to
			continue
		}
		order := cmp.Compare(l.excess(to), l.excess(best))
		if order < 0 || order == 0 && score(s, l.ids[to]) > score(s, l.ids[best]) {
			best = to
		}
	}
	return best
}
