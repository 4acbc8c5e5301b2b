package simulation

import (
	"math"
	"slices"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// A copying is a move's data under way.
type copying struct {
	move   placement.Move
	source placement.NodeID // 0 before it begins, and if it comes from a backup
	left   float64          // bytes
}

// copies are all moves that are under way or wait for their turn. A node's bandwidth is divided
// evenly among what it sends, and among what it receives; a copy is as fast as the narrower end
// lets it be. What the other end does not use goes to nobody, so times are rather too long.
type copies struct {
	bandwidth, size float64
	streams         int
	// source chooses who sends a shard: 0 is a backup; false, that nobody can now.
	source func(placement.Move) (placement.NodeID, bool)

	waiting, active []*copying
	sends, receives map[placement.NodeID]int
	senders, takers map[placement.NodeID]bool // of all that ever began
}

func newCopies(c Config, source func(placement.Move) (placement.NodeID, bool)) *copies {
	return &copies{
		bandwidth: c.Bandwidth, size: c.shardBytes(), streams: c.Streams, source: source,
		sends: make(map[placement.NodeID]int), receives: make(map[placement.NodeID]int),
		senders: make(map[placement.NodeID]bool), takers: make(map[placement.NodeID]bool),
	}
}

func (p *copies) add(moves []placement.Move) {
	for _, move := range moves {
		p.waiting = append(p.waiting, &copying{move: move, left: p.size})
	}
}

// begin starts what waits and has its turn, in order.
func (p *copies) begin() {
	still := p.waiting[:0]
	for _, one := range p.waiting {
		source, can := p.source(one.move)
		if !can || p.receives[one.move.To] >= p.streams || source != 0 && p.sends[source] >= p.streams {
			still = append(still, one)
			continue
		}
		one.source = source
		p.sends[source]++
		p.receives[one.move.To]++
		p.senders[source], p.takers[one.move.To] = true, true
		p.active = append(p.active, one)
	}
	p.waiting = still
}

func (p *copies) rate(one *copying) float64 {
	rate := p.bandwidth / float64(p.receives[one.move.To])
	if one.source != 0 {
		rate = min(rate, p.bandwidth/float64(p.sends[one.source]))
	}
	return rate
}

// next is in how many seconds the first of the active copies is whole, if nothing comes between.
func (p *copies) next() float64 {
	next := math.Inf(1)
	for _, one := range p.active {
		next = min(next, one.left/p.rate(one))
	}
	return next
}

// advance lets seconds pass, at most next of them, and returns the moves that are done then.
func (p *copies) advance(seconds float64) (done []placement.Move) {
	for _, one := range p.active {
		one.left -= seconds * p.rate(one)
	}
	still := p.active[:0]
	for _, one := range p.active {
		if one.left > p.size*1e-9 {
			still = append(still, one)
			continue
		}
		p.release(one)
		done = append(done, one.move)
	}
	p.active = still
	return done
}

func (p *copies) release(one *copying) {
	p.sends[one.source]--
	p.receives[one.move.To]--
}

// interrupt puts back what a node sends or receives: it begins anew when it can. If the node is
// gone for good, what it was to receive is given up instead.
func (p *copies) interrupt(node placement.NodeID, gone bool) {
	still := p.active[:0]
	for _, one := range p.active {
		if one.source != node && one.move.To != node {
			still = append(still, one)
			continue
		}
		p.release(one)
		p.waiting = append(p.waiting, &copying{move: one.move, left: p.size})
	}
	p.active = still
	if gone {
		p.waiting = slices.DeleteFunc(p.waiting, func(one *copying) bool { return one.move.To == node })
	}
}

// moves are all that is not done.
func (p *copies) moves() (moves []placement.Move) {
	for _, list := range [][]*copying{p.active, p.waiting} {
		for _, one := range list {
			moves = append(moves, one.move)
		}
	}
	return moves
}
