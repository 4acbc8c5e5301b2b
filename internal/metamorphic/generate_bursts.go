package metamorphic

// A burst is a few operations that belong together. Made up one by one they seldom come
// so close that nothing else comes in between, which hides what went wrong: a commit
// that must be refused for one reason is then refused for another.

// burst makes up a burst of a few operations.
func (g *generator) burst() []Op {
	slot := g.rng.IntN(slots)
	if g.oneIn(2) {
		var o Op
		g.inKeyspace(&o)
		g.focus = &o.Keyspace
		defer func() { g.focus = nil }()
	}
	switch g.rng.IntN(9) {
	case 0, 1:
		return g.snapshotBurst(slot)
	case 2, 3:
		return g.watchBurst(slot)
	case 4:
		return g.dropBurst()
	}
	return g.transactionBurst(slot)
}

// watchBurst is a watch, sometimes of the past, that is read after few writes.
func (g *generator) watchBurst(slot int) []Op {
	ops := []Op{{Kind: "snapshot", Slot: slot}}
	if g.oneIn(2) {
		ops = append(ops, g.opIn(slot, "watch"), Op{Kind: "watch-next", Slot: slot})
	}
	ops = append(ops, g.writesBetween()...)
	if g.oneIn(2) {
		ops = append(ops, g.opIn(slot, "watch"))
	}
	ops = append(ops, g.writesBetween()...)
	return append(ops, Op{Kind: "watch-next", Slot: slot})
}

// dropBurst is a keyspace that is dropped, used, and created anew.
func (g *generator) dropBurst() []Op {
	var name Op
	g.keyspaceName(&name)
	g.focus = &name.Key
	defer func() { g.focus = nil }()
	ops := append(g.writesBetween(), Op{Kind: "drop-keyspace", Key: name.Key})
	ops = append(ops, g.writesBetween()...)
	create := g.opOf("create-keyspace")
	create.Key = name.Key
	ops = append(append(ops, create), g.writesBetween()...)
	return append(ops, g.opOf("scan"), g.opOf("get"))
}

// transactionBurst is a transaction with few writes of others in between.
func (g *generator) transactionBurst(slot int) []Op {
	ops := []Op{{Kind: "tx-begin", Slot: slot}}
	for range 1 + g.rng.IntN(2) {
		ops = append(ops, g.opIn(slot, pick(g.rng, "tx-get", "tx-scan", "tx-scan", "tx-iterate", "tx-put", "tx-delete-range")))
	}
	ops = append(ops, g.opIn(slot, pick(g.rng, "tx-get", "tx-scan", "tx-iterate")))
	ops = append(ops, g.writesBetween()...)
	return append(ops, g.opIn(slot, "tx-put"), Op{Kind: "tx-commit", Slot: slot})
}

// snapshotBurst is a snapshot that is read after few writes.
func (g *generator) snapshotBurst(slot int) []Op {
	ops := append([]Op{{Kind: "snapshot", Slot: slot}}, g.writesBetween()...)
	return append(ops, g.opIn(slot, "snapshot-get"), g.opIn(slot, "snapshot-scan"))
}

// writesBetween are none to two writes, and rarely what moves data about.
func (g *generator) writesBetween() (ops []Op) {
	for range g.rng.IntN(3) {
		ops = append(ops, g.opOf(pick(g.rng, "put", "delete", "delete-range", "delete-range", "batch-write", "modify", "put-if-absent")))
	}
	if g.oneIn(30) {
		ops = append(ops, g.opOf("compact"))
	}
	return ops
}

// opOf makes up an operation of a kind.
func (g *generator) opOf(name string) Op {
	k, _ := kindOf(name)
	o := Op{Kind: name}
	k.make(g, &o)
	return o
}

func (g *generator) opIn(slot int, kind string) Op {
	o := g.opOf(kind)
	o.Slot = slot
	return o
}
