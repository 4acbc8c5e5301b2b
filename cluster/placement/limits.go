package placement

// Limits bound the moves that are under way at one time, those in flight included. The zero
// value sets no bound.
type Limits struct {
	// Total bounds the moves of the whole cluster, if it is not 0.
	Total int
	// PerNode bounds the moves that bring a replica to one node, and apart from these the moves
	// of shards that one node leads, whose data it sends; if it is not 0.
	PerNode int
}

// apply returns those of moves that may begin, in order. One that must wait holds no other up.
func (l Limits) apply(c Cluster, moves []Move) []Move {
	total := 0
	receives, sends := make(map[NodeID]int), make(map[NodeID]int)
	count := func(move Move) {
		total++
		if move.To != 0 {
			receives[move.To]++
			sends[c.Shards[move.Shard].Leader]++
		}
	}
	for _, move := range c.InFlight {
		count(move)
	}
	admitted := moves[:0]
	for _, move := range moves {
		leader := c.Shards[move.Shard].Leader
		switch {
		case l.Total > 0 && total >= l.Total:
			return admitted
		case l.PerNode > 0 && move.To != 0 && receives[move.To] >= l.PerNode:
		case l.PerNode > 0 && move.To != 0 && leader != 0 && sends[leader] >= l.PerNode:
		default:
			count(move)
			admitted = append(admitted, move)
		}
	}
	return admitted
}
