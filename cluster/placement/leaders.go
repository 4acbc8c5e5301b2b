package placement

import (
	"iter"
	"slices"
)

// A Transfer makes another replica of a shard its leader.
type Transfer struct {
	Shard    int
	From, To NodeID
}

// Transfers returns the transfers of leads that are to be made now, most transfers if that is
// not 0: first those away from draining nodes, then those that even out who leads. c must be
// valid. A node's share of leads is the part that it has of the replicas that may lead: with
// three each, a third of what it holds; while a node is away that is up, none is evened out.
// Shards without a known leader that lives, and those with a move in flight, are left alone. That a receiver has the whole log is for the caller to see to.
func Transfers(c Cluster, most int) []Transfer {
	l := newLeads(c)
	for s, leader := range l.leader {
		if leader == none || l.state[leader] != Draining || l.frozen[s] {
			continue
		}
		if to := l.least(s, leader); to != none {
			l.hand(s, leader, to)
		}
	}
	if l.calm {
		level(l)
	}
	transfers := make([]Transfer, 0, len(l.order))
	for _, s := range l.order {
		if c.Shards[s].Leader == l.ids[l.leader[s]] { // there and back
			continue
		}
		transfers = append(transfers, Transfer{s, c.Shards[s].Leader, l.ids[l.leader[s]]})
	}
	if most > 0 && len(transfers) > most {
		transfers = transfers[:most]
	}
	return transfers
}

// leads is the exchange of leads.
type leads struct {
	*layout
	led   [][]int // of each node, the shards that it leads
	fair  []float64
	order []int // the shards whose leads were handed on
}

func newLeads(c Cluster) *leads {
	l := &leads{layout: newLayout(c)}
	l.led = make([][]int, len(l.ids))
	l.fair = make([]float64, len(l.ids))
	for s, leader := range l.leader {
		if leader == none || l.state[leader] == Dead {
			l.leader[s] = none
			continue
		}
		l.led[leader] = append(l.led[leader], s)
		able := l.able(s)
		for _, node := range able {
			l.fair[node] += 1 / float64(len(able))
		}
	}
	return l
}

// able are the nodes that may lead a shard: all that are up and not away, unless a move of it is in flight.
func (l *leads) able(s int) (nodes []int) {
	if l.frozen[s] {
		return []int{l.leader[s]}
	}
	for _, node := range l.replicas[s] {
		if l.takes(node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// least is the node with the fewest leads beside its share that may take that of a shard.
func (l *leads) least(s, from int) int {
	best := none
	for to := range l.takers(s, from) {
		if best == none || l.excess(to) < l.excess(best) {
			best = to
		}
	}
	return best
}

func (l *leads) members() []int { return l.up }

func (l *leads) excess(node int) float64 { return float64(len(l.led[node])) - l.fair[node] }

func (l *leads) offers(node int) []int { return l.led[node] }

func (l *leads) takers(s, from int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, node := range l.able(s) {
			if node != from && !yield(node) {
				return
			}
		}
	}
}

func (l *leads) prefers(a, b step) bool {
	return score(a.shard, l.ids[a.to]) > score(b.shard, l.ids[b.to])
}

func (l *leads) hand(s, from, to int) {
	l.led[from] = remove(l.led[from], s)
	l.led[to] = append(l.led[to], s)
	l.leader[s] = to
	if !slices.Contains(l.order, s) {
		l.order = append(l.order, s)
	}
}
