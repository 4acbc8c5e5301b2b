package metamorphic

import (
	"math"
	"time"

	"github.com/mantisdb/mantisdb"
)

// farAway is a time to live that no run lasts for.
const farAway = 100 * time.Hour

func (g *generator) nothing(*Op) {}

func (g *generator) anyKey(o *Op) {
	g.inKeyspace(o)
	o.Key = g.anyKeyBlob()
}

func (g *generator) slot(o *Op) { o.Slot = g.rng.IntN(slots) }

func (g *generator) slotKey(o *Op) {
	g.slot(o)
	g.anyKey(o)
}

func (g *generator) multiGet(o *Op) {
	g.inKeyspace(o)
	for range g.rng.IntN(pick(g.rng, 4, 40)) {
		o.Keys = append(o.Keys, g.key())
	}
	if g.oneIn(200) {
		o.Keys = append(o.Keys, Blob{})
	}
}

func (g *generator) put(o *Op) {
	g.anyKey(o)
	o.Value = g.value()
	if g.oneIn(50_000) {
		o.Value = repeated("large", mantisdb.MaxValueLen/5+1)
	}
}

func (g *generator) putWith(o *Op) {
	g.anyKey(o)
	o.Value, o.Durability = g.value(), g.durability()
	if g.oneIn(8) {
		o.TTL = g.ttl()
	}
}

func (g *generator) putTTL(o *Op) {
	g.anyKey(o)
	o.Value, o.TTL = g.value(), g.ttl()
}

func (g *generator) deleteWith(o *Op) {
	g.anyKey(o)
	o.Durability = g.durability()
	if g.oneIn(50) {
		o.TTL = farAway
	}
}

func (g *generator) expire(o *Op) {
	g.anyKey(o)
	o.TTL = g.ttl()
}

func (g *generator) increment(o *Op) {
	g.anyKey(o)
	o.By = g.by()
}

func (g *generator) by() int64 {
	return pick(g.rng, 1, -1, 0, 1000, math.MaxInt64, math.MinInt64, g.rng.Int64N(100))
}

// compareValue and compareVersion cannot know what there is: small values and few keys
// have it that they are often right.
func (g *generator) compareValue(o *Op) {
	g.putWith(o)
	o.Expected = g.value()
}

func (g *generator) compareVersion(o *Op) {
	g.putWith(o)
	o.Version = pick(g.rng, "current", "current", "none", "other")
}

func (g *generator) modify(o *Op) {
	o.Mode = pick(g.rng, "compare-value", "compare-version", "exchange", "take", "increment", "append", "expire")
	if g.oneIn(300) {
		o.Mode = "nonsense"
	}
	g.putWith(o)
	switch o.Mode {
	case "compare-value":
		o.Expected = g.value()
	case "compare-version":
		g.compareVersion(o)
	case "increment":
		o.Value, o.By = Blob{}, g.by()
	case "take", "expire":
		o.Value = Blob{}
	}
}

func (g *generator) batchSlot(o *Op) { o.Slot = g.rng.IntN(2) }

func (g *generator) batchKey(o *Op) {
	g.batchSlot(o)
	g.anyKey(o)
}

func (g *generator) batchPut(o *Op) {
	g.batchSlot(o)
	g.life(o)
}

// life is a write of a value that lives for ever, for long, or is dead already.
func (g *generator) life(o *Op) {
	g.anyKey(o)
	o.Value = g.value()
	switch g.rng.IntN(10) {
	case 0:
		o.Mode, o.TTL = "ttl", g.longTTL()
		if g.oneIn(50) {
			o.TTL = -time.Duration(g.rng.IntN(2))
		}
	case 1:
		o.At = int64(g.longTTL() / time.Millisecond)
	case 2:
		o.At = -1 - g.rng.Int64N(1_000_000_000_000)
	}
}

func (g *generator) batchWrite(o *Op) {
	g.batchSlot(o)
	o.Durability = g.durability()
	if g.oneIn(4) {
		o.Mode = "keep"
	}
	if g.oneIn(100) {
		o.TTL = farAway
	}
}

func (g *generator) scan(o *Op) {
	g.inKeyspace(o)
	o.Mode = pick(g.rng, "", "entries")
	bound := func() *Blob {
		if g.oneIn(3) {
			return nil
		}
		b := g.key()
		return &b
	}
	switch g.rng.IntN(5) {
	case 0:
		p := g.key()
		p = blob(p.unit[:g.rng.IntN(len(p.unit)+1)])
		o.Prefix = &p
	case 1:
		empty := Blob{}
		o.Start, o.End = &empty, bound()
	default:
		o.Start, o.End = bound(), bound()
	}
	o.Reverse, o.KeysOnly = g.oneIn(2), g.oneIn(3)
	if !g.oneIn(3) {
		o.Most = 1 + g.rng.IntN(20)
	}
}

// someRange is as a rule a few keys wide, so that deleting it leaves something.
func (g *generator) someRange(o *Op) {
	g.inKeyspace(o)
	if g.oneIn(20) {
		g.scan(o)
		return
	}
	from := g.rng.IntN(len(g.keys))
	o.Start = &g.sorted[from]
	if to := from + g.rng.IntN(5); to < len(g.keys) {
		o.End = &g.sorted[to]
	}
}

func (g *generator) deleteRange(o *Op) {
	g.someRange(o)
	o.Durability = g.durability()
}

func (g *generator) batchRange(o *Op) {
	g.batchSlot(o)
	g.someRange(o)
}

func (g *generator) slotRange(o *Op) {
	g.slot(o)
	g.someRange(o)
}

func (g *generator) scanAndPut(o *Op) {
	g.scan(o)
	o.Key, o.Value = g.key(), g.value()
}

func (g *generator) slotScan(o *Op) {
	g.slot(o)
	g.scan(o)
}

func (g *generator) txBegin(o *Op) {
	g.slot(o)
	if g.oneIn(6) {
		o.Mode = "readonly"
	}
}

func (g *generator) txPut(o *Op) {
	g.slot(o)
	g.life(o)
}

func (g *generator) txScan(o *Op) {
	g.slotScan(o)
	if g.oneIn(3) {
		o.Key, o.Value = g.key(), g.value()
	}
}

func (g *generator) txWrite(o *Op) {
	g.slot(o)
	o.Batch = g.rng.IntN(2)
}

func (g *generator) txCommit(o *Op) {
	g.slot(o)
	o.Durability = g.durability()
}

func (g *generator) update(o *Op) {
	g.inKeyspace(o)
	o.Keys, o.Key, o.Value = blobs{g.key()}, g.key(), blob(g.letters())
	o.Mode = pick(g.rng, "", "", "meddle", "fail")
}

func (g *generator) options(o *Op) {
	options := g.diskOptions()
	o.Durability, o.Limit = options.Durability, options.Limit
}

func (g *generator) reopen(o *Op) {
	g.options(o)
	o.Key = g.key()
}

func (g *generator) backup(o *Op) {
	g.options(o)
	if g.oneIn(2) {
		o.Mode = pick(g.rng, g.engines...)
	}
}

func (g *generator) checkpoint(o *Op) {
	if g.oneIn(2) {
		o.Mode = "switch"
	}
}
