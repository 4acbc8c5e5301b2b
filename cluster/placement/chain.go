package placement

import (
	"cmp"
	"iter"
	"slices"
)

// An exchange is what nodes can hand to one another: replicas, planned replicas, or leads.
type exchange interface {
	// members are the nodes that take part.
	members() []int
	// excess is how much more than its share a node has.
	excess(node int) float64
	// offers are the shards of which a node may hand its own on.
	offers(node int) []int
	// takers yields the nodes that may have it from a node.
	takers(shard, from int) iter.Seq[int]
	// prefers tells which of two steps to the same node is rather taken: whether it is a.
	prefers(a, b step) bool
	// hand carries one step out.
	hand(shard, from, to int)
}

// A step of a chain hands what a node has of a shard to another.
type step struct{ shard, from, to int }

// slack is what the arithmetic of shares may be wrong by.
const slack = 1e-6

// worthwhile tells whether one less here and one more there is better: the two differ by more
// than one, and one of them is a whole one off its share. The second condition leaves alone what
// is only rounded up or down unluckily, so that nothing moves for the sake of fractions.
func worthwhile(above, below float64) bool {
	return above-below > 1+slack && (above > 1-slack || below < slack-1)
}

// level follows chains until none is worthwhile: one of a single step, from wherever it may
// begin, as long as there is one, and only then a longer one. Each makes the sum of the squares
// of all excesses smaller, so there is an end.
func level(x exchange) {
	for begin(x, 1) || begin(x, len(x.members())) {
	}
}

// begin follows one chain of at most longest steps, from the node furthest above its share from
// which there is one, and tells whether there was.
func begin(x exchange, longest int) bool {
	nodes := slices.Clone(x.members())
	slices.SortStableFunc(nodes, func(a, b int) int { return cmp.Compare(x.excess(b), x.excess(a)) })
	return slices.ContainsFunc(nodes, func(from int) bool {
		return worthwhile(x.excess(from), x.excess(nodes[len(nodes)-1])) && follow(x, chain(x, from, longest))
	})
}

// follow carries a chain out from its end, so that no node has more on the way than it had or
// will have, and tells whether there was one.
func follow(x exchange, steps []step) bool {
	for _, step := range slices.Backward(steps) {
		x.hand(step.shard, step.from, step.to)
	}
	return len(steps) > 0
}

// chain is a shortest worthwhile chain from a node, of those the one to the node furthest below
// its share; or nil if it would have more steps than longest. It is a search in breadth. No shard occurs
// in it twice: a shard has one move at a time, and the rule of zones is looked at for each step as if it
// were alone.
func chain(x exchange, from, longest int) []step {
	reached := map[int]step{from: {}}
	frontier := []int{from}
	for steps := 0; steps < longest && len(frontier) > 0; steps++ {
		next := ring(x, from, frontier, reached)
		end := none
		for _, node := range next {
			if worthwhile(x.excess(from), x.excess(node)) && (end == none || x.excess(node) < x.excess(end)) {
				end = node
			}
		}
		if end != none {
			var steps []step
			for node := end; node != from; node = reached[node].from {
				steps = append(steps, reached[node])
			}
			slices.Reverse(steps)
			return steps
		}
		frontier = next
	}
	return nil
}

// ring adds to reached what one step leads to from a frontier, each by the shard that is best
// handed to it, and returns those nodes in order. The chains begin at first.
func ring(x exchange, first int, frontier []int, reached map[int]step) []int {
	found := make(map[int]step)
	for _, from := range frontier {
		for _, shard := range x.offers(from) {
			if occurs(shard, first, from, reached) {
				continue
			}
			for to := range x.takers(shard, from) {
				if _, old := reached[to]; old {
					continue
				}
				candidate := step{shard, from, to}
				if other, ok := found[to]; !ok || x.prefers(candidate, other) {
					found[to] = candidate
				}
			}
		}
	}
	next := make([]int, 0, len(found))
	for node, step := range found {
		reached[node] = step
		next = append(next, node)
	}
	slices.Sort(next)
	return next
}

// occurs tells whether the chain from a node to another one hands on a shard.
func occurs(shard, first, to int, reached map[int]step) bool {
	for node := to; node != first; node = reached[node].from {
		if reached[node].shard == shard {
			return true
		}
	}
	return false
}
