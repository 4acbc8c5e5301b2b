package linearizable

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// How many work on keys at the same time, and how much before a history is checked.
const (
	keyClients    = 6
	keyOperations = 60
	hotKeys       = 3
)

var keyKinds = []string{
	"get", "get", "get-meta", "get-meta", "has", "put", "put", "delete", "put-if-absent",
	"compare-value", "compare-version", "compare-version", "take", "exchange", "increment", "increment", "append",
}

// TestKeys checks operations on single keys.
func TestKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, db *mantisdb.DB, round int) {
		checkKeys(t, round, keyKinds, func(in KeyInput) (KeyOutput, error) { return doKey(db, in) })
	})
}

// checkKeys checks a history of operations of some kinds.
func checkKeys(t *testing.T, round int, kinds []string, do func(KeyInput) (KeyOutput, error)) {
	seen := make([]map[string]uint64, keyClients) // versions, by key
	for i := range seen {
		seen[i] = make(map[string]uint64)
	}
	history := record(keyClients, keyOperations, rand.Uint64(), func(client int, rng *rand.Rand, call func()) (any, any) {
		in := makeKeyInput(rng, round, kinds)
		in.Version = seen[client][in.Key]
		call()
		out, err := do(in)
		if err != nil {
			t.Errorf("%+v: %v", in, err)
		}
		if in.Kind == "get-meta" || out.Version != 0 {
			seen[client][in.Key] = out.Version
		}
		return in, out
	})
	Check(t, KeyModel, history)
}

// makeKeyInput makes up an operation. Each round has keys of its own.
func makeKeyInput(rng *rand.Rand, round int, kinds []string) KeyInput {
	value := func() string { return strconv.Itoa(rng.IntN(10)) }
	return KeyInput{
		Kind:  kinds[rng.IntN(len(kinds))],
		Key:   "round " + strconv.Itoa(round) + " key " + strconv.Itoa(rng.IntN(hotKeys)),
		Value: value(), Expected: value(), By: 1 + rng.Int64N(3),
	}
}

// doKey does an operation. An error is one that it cannot have.
func doKey(db *mantisdb.DB, in KeyInput) (out KeyOutput, err error) {
	key, value := []byte(in.Key), []byte(in.Value)
	var got []byte
	switch in.Kind {
	case "get":
		got, err = db.Get(key)
		out.Found = err == nil
	case "get-meta":
		var meta mantisdb.Meta
		got, meta, err = db.AppendGetMeta(nil, key)
		out.Found, out.Version = err == nil, meta.Version
	case "has":
		out.Found, err = db.Has(key)
	case "put":
		err = db.Put(key, value)
	case "delete":
		err = db.Delete(key)
	case "put-if-absent":
		out.Found, err = db.PutIfAbsent(key, value, 0)
	case "compare-value":
		out.Found, err = db.CompareAndSwap(key, []byte(in.Expected), value, mantisdb.WriteOptions{})
	case "compare-version":
		out.Version, out.Found, err = db.CompareVersionAndSwap(key, in.Version, value, mantisdb.WriteOptions{})
	case "take":
		got, err = db.GetAndDelete(key)
		out.Found = err == nil
	case "exchange":
		var done mantisdb.Modified
		got, done, err = db.Modify(key, mantisdb.Modification{Kind: mantisdb.ModifyExchange, Value: value}, mantisdb.WriteOptions{})
		out.Found, out.Version = done.Existed, done.Version
	case "increment":
		out.Number, err = db.Increment(key, in.By)
		if errors.Is(err, mantisdb.ErrNotANumber) {
			out.Err, err = err.Error(), nil
		}
	case "append":
		var length int
		length, err = db.Append(key, value)
		out.Number = int64(length)
	}
	if errors.Is(err, mantisdb.ErrNotFound) {
		err = nil
	}
	out.Value = string(got)
	return out, err
}
