package placement

import (
	"cmp"
	"iter"
	"slices"
)

// Plan returns the moves that are to begin now, the most urgent first: it is called again when
// one has ended or the cluster has changed, until it returns nothing. c must be valid. In order:
//
//  1. What a shard has too much is removed, as after a move that was interrupted half-way.
//  2. What is missing or on dead nodes is made anew, first of the shards that have least left.
//  3. Draining nodes hand on what they hold.
//  4. Replicas that share a zone without need part.
//  5. Only when none of that is left to do, nodes hand on what is above their shares.
//
// The last two are left alone while a node is away that is up. What no node may take stays where
// it is: draining ends when there is room again.
func Plan(c Cluster, limits Limits) []Move {
	p := &planner{layout: newLayout(c), planned: make(map[int]step)}
	p.trim(c.Replicas)
	p.fill()
	level(refill{p})
	if p.calm {
		p.part()
		if len(p.order) == 0 {
			level(rebalance{p})
		}
	}
	moves := make([]Move, 0, len(p.order))
	for _, shard := range p.order {
		step := p.planned[shard]
		moves = append(moves, Move{shard, p.id(step.from), p.id(step.to)})
	}
	return limits.apply(c, moves)
}

// A planner is a layout with the moves that led to it: one a shard at most, in order.
type planner struct {
	*layout
	planned map[int]step
	order   []int
}

func (p *planner) id(node int) NodeID {
	if node == none {
		return 0
	}
	return p.ids[node]
}

func (p *planner) plan(shard, from, to int) {
	p.relocate(shard, from, to)
	p.planned[shard] = step{shard, from, to}
	p.order = append(p.order, shard)
	p.frozen[shard] = true
}

// trim removes from each shard that has more than replicas the one that it misses least.
func (p *planner) trim(replicas int) {
	for s, nodes := range p.replicas {
		if !p.frozen[s] && len(nodes) > replicas {
			p.plan(s, p.worst(s), none)
		}
	}
}

// worst is the replica of a shard that is rather given up than any other.
func (p *planner) worst(s int) int {
	return slices.MaxFunc(p.replicas[s], func(a, b int) int { return p.rather(s, a, b) })
}

// rather compares two replicas of a shard by which is rather given up: the greater one is.
func (p *planner) rather(s, a, b int) int {
	one := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(p.urgency(a), p.urgency(b)),
		cmp.Compare(one(p.away[a]), one(p.away[b])),
		cmp.Compare(max(p.crowd(s, p.zone[a]), p.perZone), max(p.crowd(s, p.zone[b]), p.perZone)),
		cmp.Compare(one(p.leader[s] == b), one(p.leader[s] == a)),
		cmp.Compare(p.excess(a), p.excess(b)),
		cmp.Compare(a, b),
	)
}

// missing is the urgency of a replica that is not there.
const missing = int(Dead)

// urgency tells how soon a replica is to leave a node: 0 is not at all.
func (p *planner) urgency(node int) int { return int(p.state[node]) }

// fill plans what is missing, or on nodes that must not have it.
func (p *planner) fill() {
	type gap struct{ shard, from, urgency, alive int }
	var gaps []gap
	for s, nodes := range p.replicas {
		if p.frozen[s] {
			continue
		}
		alive := 0
		for _, node := range nodes {
			if p.state[node] != Dead {
				alive++
			}
		}
		if len(nodes) < p.want {
			gaps = append(gaps, gap{s, none, missing, alive})
		} else if worst := p.worst(s); p.urgency(worst) > 0 {
			gaps = append(gaps, gap{s, worst, p.urgency(worst), alive})
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int {
		return cmp.Or(cmp.Compare(b.urgency, a.urgency), cmp.Compare(a.alive, b.alive))
	})
	for _, gap := range gaps {
		if to := p.best(gap.shard, gap.from); to != none {
			p.plan(gap.shard, gap.from, to)
		}
	}
}

// part plans what brings replicas apart that are more in a zone than they must be.
func (p *planner) part() {
	for s, nodes := range p.replicas {
		if p.frozen[s] || len(nodes) == 0 { // frozen also if a move is planned already
			continue
		}
		worst := p.worst(s)
		if p.crowd(s, p.zone[worst]) <= p.perZone {
			continue
		}
		if to := p.best(s, worst); to != none {
			p.plan(s, worst, to)
		}
	}
}

func (p *planner) members() []int { return p.up }

// prefers leaves leaders where they are if it can: to move one takes a transfer before.
func (p *planner) prefers(a, b step) bool {
	if aLeads, bLeads := p.leader[a.shard] == a.from, p.leader[b.shard] == b.from; aLeads != bLeads {
		return bLeads
	}
	return score(a.shard, p.ids[a.to]) > score(b.shard, p.ids[b.to])
}

// A refill is the exchange of what is planned to be filled in, which costs nothing to change.
type refill struct{ *planner }

func (r refill) offers(node int) (shards []int) {
	for _, shard := range r.held[node] {
		if step, ok := r.planned[shard]; ok && step.to == node {
			shards = append(shards, shard)
		}
	}
	return shards
}

func (r refill) takers(shard, from int) iter.Seq[int] { return r.taking(shard, from) }

func (r refill) hand(shard, from, to int) {
	r.relocate(shard, from, to)
	step := r.planned[shard]
	step.to = to
	r.planned[shard] = step
}

// A rebalance is the exchange of replicas, each step of which is a move.
type rebalance struct{ *planner }

func (r rebalance) offers(node int) (shards []int) {
	for _, shard := range r.held[node] {
		if !r.frozen[shard] {
			shards = append(shards, shard)
		}
	}
	return shards
}

func (r rebalance) takers(shard, from int) iter.Seq[int] { return r.taking(shard, from) }

func (r rebalance) hand(shard, from, to int) { r.plan(shard, from, to) }
