package metamorphic

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb"
)

// makeKeys makes up the keys that are in play.
func (g *generator) makeKeys(n int) {
	for i := range n {
		g.keys = append(g.keys, g.newKey(i))
	}
	g.sorted = slices.SortedFunc(slices.Values(g.keys), func(a, b Blob) int { return strings.Compare(a.Text(), b.Text()) })
	g.rng.Shuffle(n, func(i, j int) { g.keys[i], g.keys[j] = g.keys[j], g.keys[i] })
}

// newKey is short or long, has a beginning in common with others or none, and begins or
// ends with the least or the greatest bytes.
func (g *generator) newKey(i int) Blob {
	number := strconv.Itoa(i)
	switch g.rng.IntN(8) {
	case 0:
		return blob(pick(g.rng, "\x00", "\xff", "\x00\x00", "\xff\xff", "\xff\x00", "a\x00", "a\xff") + number)
	case 1:
		return blob(number + pick(g.rng, "\x00", "\x00\x00", "\xff"))
	case 2:
		return repeated(pick(g.rng, "\x00", "\xff", "a"), 1+i%20)
	case 3:
		return repeated(pick(g.rng, "key/", "\xff"), 1+g.rng.IntN(3000))
	case 4:
		return blob("a long beginning that many keys have in common/and then some more/" + number)
	default:
		return blob(fmt.Sprintf("user/%04d", i))
	}
}

// key is one that is in play, a hot one half of the time.
func (g *generator) key() Blob {
	const hot = 5
	switch {
	case g.oneIn(500):
		return g.newKey(g.rng.IntN(1_000_000))
	case g.oneIn(2):
		return g.keys[g.rng.IntN(min(hot, len(g.keys)))]
	}
	return pick(g.rng, g.keys...)
}

// anyKeyBlob is rarely one that is no key.
func (g *generator) anyKeyBlob() Blob {
	switch {
	case g.oneIn(1000):
		return Blob{}
	case g.oneIn(5000):
		return repeated("k", mantisdb.MaxKeyLen+g.rng.IntN(2))
	}
	return g.key()
}

func (g *generator) value() Blob {
	switch {
	case g.oneIn(10):
		return Blob{}
	case g.oneIn(5):
		return blob(g.number())
	case g.oneIn(50):
		return repeated(g.letters(), 1+g.rng.IntN(5*g.longest))
	}
	return repeated(g.letters(), 1+g.rng.IntN(max(1, g.longest/4)))
}

// letters are few, so that values are often the same.
func (g *generator) letters() string {
	return pick(g.rng, "a", "bc", "\x00", "\xff\xfe", strconv.Itoa(g.rng.IntN(100)))
}

// number is one that can be counted up, or nearly is.
func (g *generator) number() string {
	switch g.rng.IntN(6) {
	case 0:
		return strconv.FormatInt(math.MaxInt64-g.rng.Int64N(3), 10)
	case 1:
		return strconv.FormatInt(math.MinInt64+g.rng.Int64N(3), 10)
	case 2:
		return pick(g.rng, "007", "+5", "-0", " 1", "1 ", "9223372036854775808", "1e3", "-")
	}
	return strconv.FormatInt(g.rng.Int64N(2000)-1000, 10)
}

// ttl is a time to live that does not end before the script does, but rarely one that
// does, or one that is not positive.
func (g *generator) ttl() time.Duration {
	switch {
	case g.oneIn(300):
		return time.Duration(20+g.rng.IntN(60)) * time.Millisecond
	case g.oneIn(100):
		return -time.Duration(g.rng.IntN(3))
	}
	return g.longTTL()
}

func (g *generator) longTTL() time.Duration {
	return farAway + time.Duration(g.rng.Int64N(int64(time.Hour)))
}

func (g *generator) durability() mantisdb.Durability {
	switch n := g.rng.IntN(400); {
	case n == 0:
		return mantisdb.DurabilityMemory + 1
	case n == 1:
		return mantisdb.DurabilitySync
	case n < 40:
		return mantisdb.DurabilityBuffered
	case n < 100:
		return mantisdb.DurabilityMemory
	}
	return mantisdb.DurabilityDefault
}
