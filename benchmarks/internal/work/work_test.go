package work

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

// vectors is what both halves must make.
type vectors struct {
	Random []draws  `json:"random"`
	Orders []order  `json:"orders"`
	Values []sample `json:"values"`
	Zipf   []ranks  `json:"zipf"`
}

type draws struct {
	Seed   uint64   `json:"seed"`
	Client uint64   `json:"client"`
	Below  uint64   `json:"below"`
	Drawn  []uint64 `json:"drawn"`
}

type order struct {
	N     uint64   `json:"n"`
	Seed  uint64   `json:"seed"`
	Order []uint64 `json:"order"`
}

// ranks are Zipf's, and the numbers that Popular draws with the same randomness.
type ranks struct {
	N       uint64   `json:"n"`
	Seed    uint64   `json:"seed"`
	Ranks   []uint64 `json:"ranks"`
	Popular []uint64 `json:"popular"`
	Latest  []uint64 `json:"latest"` // of n + 5 numbers
}

type sample struct {
	ID         uint64 `json:"id"`
	Generation uint64 `json:"generation"`
	Key        string `json:"key"`
	Hex        string `json:"hex"`
}

func makeVectors() (v vectors) {
	for _, d := range []draws{{Seed: 1, Below: 1_000_000}, {Seed: 2, Client: 39, Below: 1 << 40}} {
		random := NewRandom(d.Seed, d.Client)
		for range 8 {
			d.Drawn = append(d.Drawn, random.Below(d.Below))
		}
		v.Random = append(v.Random, d)
	}
	for _, o := range []order{{N: 1, Seed: 1}, {N: 10, Seed: 1}, {N: 1_000_000, Seed: 5}, {N: 9_256_395, Seed: 5}} {
		p := NewPermutation(o.N, o.Seed)
		for i := range min(o.N, 10) {
			o.Order = append(o.Order, p.At(i))
		}
		v.Orders = append(v.Orders, o)
	}
	for i, length := range []int{16, 17, 33, 100, 1024} {
		s := sample{ID: uint64(i) * 123456789, Generation: uint64(i)}
		value, key := make([]byte, length), [KeyLen]byte{}
		Value(value, s.ID, s.Generation)
		s.Key, s.Hex = string(Key(&key, s.ID)), hex.EncodeToString(value)
		v.Values = append(v.Values, s)
	}
	for _, z := range []ranks{{N: 1, Seed: 3}, {N: 100, Seed: 3}, {N: 1_000_000, Seed: 4}} {
		popular := NewPopular(z.N, z.Seed)
		a, b, c := NewRandom(z.Seed, 7), NewRandom(z.Seed, 7), NewRandom(z.Seed, 7)
		for range 16 {
			z.Ranks = append(z.Ranks, popular.ranks.Rank(&a))
			z.Popular = append(z.Popular, popular.Draw(&b))
			z.Latest = append(z.Latest, popular.Latest(&c, z.N+5))
		}
		v.Zipf = append(v.Zipf, z)
	}
	return v
}

func TestBothHalvesMakeTheSame(t *testing.T) {
	const path = "testdata/vectors.json"
	made := makeVectors()
	if *update {
		text, err := json.MarshalIndent(made, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept vectors
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(made, kept) {
		t.Error("what is made is not what testdata/vectors.json holds: records would not compare")
	}
}

func TestPermutationHasEveryNumberOnce(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 5, 16, 17, 1000, 4097} {
		order := NewPermutation(n, 7)
		seen := make([]uint64, n)
		for i := range n {
			seen[i] = order.At(i)
		}
		slices.Sort(seen)
		for i, number := range seen {
			if number != uint64(i) {
				t.Fatalf("n %d: %d is in place %d of the sorted", n, number, i)
			}
		}
	}
}

func TestCheckValueTellsAnothers(t *testing.T) {
	value := make([]byte, 100)
	Value(value, 7, 3)
	if !CheckValue(value, 7, 100) || CheckValue(value, 8, 100) || CheckValue(value[:99], 7, 100) {
		t.Error("a value is not told from another's, or from one cut short")
	}
}

func TestIDIsOfKeysOnly(t *testing.T) {
	var key [KeyLen]byte
	for _, id := range []uint64{0, 7, 123456789012, 999999999999} {
		if got, ok := ID(Key(&key, id)); !ok || got != id {
			t.Errorf("%s: %d, %t", key, got, ok)
		}
	}
	for _, other := range []string{"", "key:00000000000", "key:0000000000000", "kez:000000000000", "key:00000000000a", "key:00000000000/"} {
		if id, ok := ID([]byte(other)); ok {
			t.Errorf("%q is key %d", other, id)
		}
	}
}
