package distributed

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strings"
	"testing"

	"github.com/olric-data/olric/hasher"

	"github.com/mantisdb/mantisdb/internal/porttest"
)

// twoKeysOfOneHash are keys that Olric cannot tell apart: of each it hashes the map's name and
// the key by XXH64. That reads stripes of 32 bytes, of which the first eight go to a lane of
// their own, as acc = rotate(acc + input*prime2, 31) * prime1. So what one stripe changes of the
// lane, the next one can take back.
func twoKeysOfOneHash(t *testing.T) (one, other []byte) {
	t.Helper()
	const (
		prime1, prime2 uint64 = 11400714785074694791, 14029467366897019727
		stripe                = 32
	)
	round := func(acc, input uint64) uint64 { return bits.RotateLeft64(acc+input*prime2, 31) * prime1 }
	inverse := prime2 // of prime2, by Newton's iteration
	for range 6 {
		inverse *= 2 - prime2*inverse
	}
	text := []byte(mapName + strings.Repeat("k", 3*stripe-len(mapName)))
	changed := []byte(string(text))
	changed[stripe]++
	word := func(data []byte, at int) uint64 { return binary.LittleEndian.Uint64(data[at:]) }
	first := prime1
	first += prime2
	first = round(first, word(text, 0))
	second := word(text, 2*stripe) + (round(first, word(text, stripe))-round(first, word(changed, stripe)))*inverse
	binary.LittleEndian.PutUint64(changed[2*stripe:], second)
	if h := hasher.NewDefaultHasher(); h.Sum64(text) != h.Sum64(changed) {
		t.Fatal("the keys have not the same hash")
	}
	return text[len(mapName):], changed[len(mapName):]
}

// TestTwoKeysOfOneHash: they displace each other, and neither is ever taken for the other.
func TestTwoKeysOfOneHash(t *testing.T) {
	c, ctx := open(t, porttest.Pair(t), ""), t.Context()
	awaitNodes(t, c, 1)
	one, other := twoKeysOfOneHash(t)
	want := func(key []byte, value string) {
		t.Helper()
		item, err := c.Get(ctx, key)
		if value == "" && !errors.Is(err, ErrNotFound) || value != "" && (err != nil || string(item.Value) != value) {
			t.Errorf("it is %q, %v; want %q", item.Value, err, value)
		}
	}
	set := func(key []byte, value string) {
		t.Helper()
		if err := c.Set(ctx, key, []byte(value), SetOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	set(one, "1")
	want(other, "")
	if existed, err := c.Delete(ctx, other); existed || err != nil {
		t.Errorf("%t %v", existed, err)
	}
	if existed, err := c.Expire(ctx, other, 1); existed || err != nil {
		t.Errorf("%t %v", existed, err)
	}
	want(one, "1")
	set(other, "2")
	want(other, "2")
	want(one, "")
}
