package linearizable

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// How many work on all keys at the same time, and how much before a history is checked.
const (
	stateClients    = 5
	stateOperations = 40
)

// TestStates checks operations on several keys.
func TestStates(t *testing.T) {
	everywhere(t, func(t *testing.T, db *mantisdb.DB, round int) {
		keys := make([][]byte, stateKeys)
		for i := range keys {
			keys[i] = []byte("round " + strconv.Itoa(round) + " key " + strconv.Itoa(i))
		}
		history := record(stateClients, stateOperations, rand.Uint64(), func(client int, rng *rand.Rand, call func()) (any, any) {
			in := makeStateInput(rng)
			call()
			out, err := doState(db, keys, in)
			if err != nil {
				t.Errorf("%+v: %v", in, err)
			}
			return in, out
		})
		Check(t, stateModel, history)
	})
}

var stateKinds = []string{"batch", "batch", "put", "delete-range", "multi-get", "snapshot", "scan", "transaction", "transaction", "transaction"}

func makeStateInput(rng *rand.Rand) stateInput {
	in := stateInput{kind: stateKinds[rng.IntN(len(stateKinds))]}
	some := func(i int, most int) {
		in.writes[i] = write{true, string(rune('a' + rng.IntN(most)))}
		if rng.IntN(4) == 0 {
			in.writes[i].value = ""
		}
	}
	switch in.kind {
	case "put":
		some(rng.IntN(stateKeys), 26)
	case "batch":
		for i := range in.writes {
			if rng.IntN(3) > 0 {
				some(i, 26)
			}
		}
	case "delete-range":
		from := rng.IntN(stateKeys)
		for i := from; i <= from+rng.IntN(stateKeys-from); i++ {
			in.writes[i] = write{happens: true}
		}
	case "transaction":
		for i := range in.reads {
			in.reads[i] = rng.IntN(2) == 0
		}
		some(rng.IntN(stateKeys), 26)
	default:
		in.reads = [stateKeys]bool{true, true, true}
	}
	return in
}

// doState does an operation.
func doState(db *mantisdb.DB, keys [][]byte, in stateInput) (out stateOutput, err error) {
	switch in.kind {
	case "put", "batch":
		return out, writeBatch(db, keys, in)
	case "delete-range":
		return out, db.DeleteRange(deletedRange(keys, in))
	case "multi-get":
		values, err := db.MultiGet(keys...)
		for i, value := range values {
			out.read[i] = string(value)
		}
		return out, err
	case "snapshot":
		return readSnapshot(db, keys)
	case "scan":
		scan := db.Scan(mantisdb.Range{Start: keys[0], End: append(bytes.Clone(keys[stateKeys-1]), 0)})
		for key, value := range scan.All() {
			out.read[key[len(key)-1]-'0'] = string(value)
		}
		return out, scan.Err()
	}
	return transact(db, keys, in)
}

func writeBatch(db *mantisdb.DB, keys [][]byte, in stateInput) error {
	var b mantisdb.Batch
	for i, w := range in.writes {
		var err error
		switch {
		case w.happens && w.value != "":
			err = b.Put(keys[i], []byte(w.value))
		case w.happens:
			err = b.Delete(keys[i])
		}
		if err != nil {
			return err
		}
	}
	return db.Write(&b)
}

// deletedRange is the range of the keys that are written.
func deletedRange(keys [][]byte, in stateInput) (r mantisdb.Range) {
	for i, w := range in.writes {
		if w.happens && r.Start == nil {
			r.Start = keys[i]
		}
		if w.happens {
			r.End = append(bytes.Clone(keys[i]), 0)
		}
	}
	return r
}

func readSnapshot(db *mantisdb.DB, keys [][]byte) (out stateOutput, err error) {
	snap, err := db.Snapshot()
	if err != nil {
		return out, err
	}
	defer snap.Close()
	for i, key := range keys {
		value, err := snap.Get(key)
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return out, err
		}
		out.read[i] = string(value)
	}
	return out, nil
}

// transact reads some keys and writes what tells of them. It is tried once.
func transact(db *mantisdb.DB, keys [][]byte, in stateInput) (out stateOutput, err error) {
	tx := db.Begin(true)
	defer tx.Discard()
	for i, reads := range in.reads {
		if !reads {
			continue
		}
		value, err := tx.Get(keys[i])
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return out, err
		}
		out.read[i] = string(value)
	}
	for i, w := range in.writes {
		if !w.happens {
			continue
		}
		if value := derived(in, out.read, w); value != "" {
			err = tx.Put(keys[i], []byte(value))
		} else {
			err = tx.Delete(keys[i])
		}
		if err != nil {
			return out, err
		}
	}
	err = tx.Commit()
	if errors.Is(err, mantisdb.ErrConflict) {
		out.refused, err = true, nil
	}
	return out, err
}
