package metamorphic

// watch is of a part of the keys, or of all.
func (g *generator) watch(o *Op) {
	g.slotScan(o)
	o.Mode, o.Most, o.Reverse = "", 0, g.oneIn(50)
	if g.oneIn(3) {
		o.Start, o.End, o.Prefix = nil, nil, nil
	}
	if g.oneIn(3) {
		o.Mode = "past"
	}
}

func (g *generator) watchNext(o *Op) {
	g.slot(o)
	if g.oneIn(3) {
		o.Most = 1 + g.rng.IntN(5)
	}
}

// iterate has few moves, or many of which most are in one direction.
func (g *generator) iterate(o *Op) {
	g.scan(o)
	o.Mode, o.Most = "", 0
	choice := pick(g.rng, "flnpsw", "nnnnnnnps", "ppppppnls", "nps", "nnppsw")
	moves := make([]byte, g.rng.IntN(pick(g.rng, 6, 40)))
	for i := range moves {
		moves[i] = choice[g.rng.IntN(len(choice))]
		if moves[i] == moveSeek {
			o.Keys = append(o.Keys, g.anyKeyBlob())
		}
	}
	o.Moves = string(moves)
	o.Key, o.Value = g.key(), g.value()
}

func (g *generator) slotIterate(o *Op) {
	g.slot(o)
	g.iterate(o)
}
