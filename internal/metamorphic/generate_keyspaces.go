package metamorphic

import (
	"strings"

	"github.com/mantisdb/mantisdb"
)

// makeNames makes up the names of the keyspaces that are in play, for half of the
// scripts, which begin with creating them.
func (g *generator) makeNames() (ops []Op) {
	for _, name := range [][]string{nil, nil, {"a"}, {"a", "b", "a name with \u00fcmlauts/"}}[g.rng.IntN(4)] {
		g.names = append(g.names, blob(name))
		o := Op{}
		g.createKeyspace(&o)
		o.Kind, o.Key = "create-keyspace", blob(name)
		ops = append(ops, o)
	}
	return ops
}

// inKeyspace chooses where an operation reads and writes.
func (g *generator) inKeyspace(o *Op) {
	switch {
	case g.focus != nil:
		o.Keyspace = *g.focus
	case len(g.names) > 0 && !g.oneIn(3):
		o.Keyspace = pick(g.rng, g.names...)
	}
}

// keyspaceName is that of one that is in play, and rarely another one or none.
func (g *generator) keyspaceName(o *Op) {
	if len(g.names) > 0 && !g.oneIn(10) {
		o.Key = pick(g.rng, g.names...)
		return
	}
	longest := strings.Repeat("n", mantisdb.MaxKeyspaceNameLen)
	o.Key = blob(pick(g.rng, "", "other", ".", "..", "...", "\x00", "tab\t", "\xff", "\u0085", longest, longest+"n"))
}

func (g *generator) createKeyspace(o *Op) {
	g.keyspaceName(o)
	switch {
	case g.oneIn(3):
		o.TTL = g.longTTL()
	case g.oneIn(50):
		o.TTL = -1
	}
	if g.oneIn(3) {
		o.Mode = "memory-only"
	}
}

// index is an applied index, and rarely one that is too long.
func (g *generator) index(o *Op) {
	o.Value = g.value()
	switch {
	case g.oneIn(30):
		o.Value = repeated("i", mantisdb.MaxAppliedIndexLen+1)
	case o.Value.len() > mantisdb.MaxAppliedIndexLen:
		o.Value = repeated("i", mantisdb.MaxAppliedIndexLen)
	}
}

func (g *generator) batchIndex(o *Op) {
	g.batchSlot(o)
	g.index(o)
}

func (g *generator) slotIndex(o *Op) {
	g.slot(o)
	g.index(o)
}
