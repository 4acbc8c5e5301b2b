package crashtest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"

	"github.com/mantisdb/mantisdb"
)

const (
	clients   = 32
	ringKeys  = 16 // of a client, which it writes to one by one
	batchKeys = 3  // of a client, which it writes to together
	maxFiller = 3000
)

// write is one atomic write of a client: keys, and which of them it deletes.
type write struct {
	client int
	n      uint64 // the client's count, from 1
	keys   []string
	delete bool
	filler int // bytes of each value beside its header
}

// writeOf is the n-th write of a client.
func writeOf(client int, n uint64) write {
	rng := rand.New(rand.NewPCG(uint64(client), n))
	w := write{client: client, n: n, filler: rng.IntN(maxFiller)}
	switch kind := rng.IntN(10); {
	case kind < 2:
		for i := range batchKeys {
			w.keys = append(w.keys, fmt.Sprintf("c%02d/batch-%d", client, i))
		}
	default:
		w.keys = []string{fmt.Sprintf("c%02d/ring-%02d", client, rng.IntN(ringKeys))}
		w.delete = kind == 2
	}
	return w
}

// value is what the write stores under a key: its count, filler that depends on
// it, and a checksum of the key and all that.
func (w write) value(key string) []byte {
	p := binary.LittleEndian.AppendUint64(make([]byte, 0, w.filler+16), w.n)
	for seed := w.n; len(p) < 8+w.filler; seed = seed*6364136223846793005 + 1442695040888963407 {
		p = append(p, byte(seed>>56))
	}
	return binary.LittleEndian.AppendUint32(p, sum(key, p))
}

// countOf is the count of a stored value, or why it was never written.
func countOf(key string, value []byte) (uint64, error) {
	if len(value) < 12 {
		return 0, fmt.Errorf("%s has a value of %d bytes", key, len(value))
	}
	body := value[:len(value)-4]
	if binary.LittleEndian.Uint32(value[len(body):]) != sum(key, body) {
		return 0, fmt.Errorf("%s has a torn value of %d bytes", key, len(value))
	}
	return binary.LittleEndian.Uint64(body), nil
}

func sum(key string, body []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(key)), crc32.IEEETable, body)
}

// batch is the write as one of the library.
func (w write) batch() (*mantisdb.Batch, error) {
	var b mantisdb.Batch
	for _, key := range w.keys {
		var err error
		if w.delete {
			err = b.Delete([]byte(key))
		} else {
			err = b.Put([]byte(key), w.value(key))
		}
		if err != nil {
			return nil, err
		}
	}
	return &b, nil
}

// contents are keys and the counts of their values.
type contents map[string]uint64

// apply does a write.
func (c contents) apply(w write) {
	for _, key := range w.keys {
		if w.delete {
			delete(c, key)
		} else {
			c[key] = w.n
		}
	}
}

// history is what one client was told.
type history struct {
	client       int
	acknowledged uint64   // the count of the last write that was
	expected     contents // after it
}

func newHistories() []*history {
	all := make([]*history, clients)
	for i := range all {
		all[i] = &history{client: i, expected: make(contents)}
	}
	return all
}

// acknowledge notes that the next write was.
func (h *history) acknowledge() {
	h.acknowledged++
	h.expected.apply(writeOf(h.client, h.acknowledged))
}

// reconcile compares the history with what was found of the client's keys after
// a crash. The write that was on its way may be there: then it counts as
// acknowledged from here on.
func (h *history) reconcile(found contents) error {
	if maps.Equal(found, h.expected) {
		return nil
	}
	next := maps.Clone(h.expected)
	next.apply(writeOf(h.client, h.acknowledged+1))
	if maps.Equal(found, next) {
		h.acknowledge()
		return nil
	}
	for key := range maps.Keys(next) {
		if found[key] != h.expected[key] && found[key] != next[key] {
			return fmt.Errorf("after write %d of client %d was acknowledged, %s is of write %d and not %d",
				h.acknowledged, h.client, key, found[key], h.expected[key])
		}
	}
	return fmt.Errorf("after write %d of client %d was acknowledged, a batch is there in part or a key too many: found %v, expected %v",
		h.acknowledged, h.client, found, h.expected)
}

// reconcileAll is reconcile for all clients and all that was found.
func reconcileAll(all []*history, found contents) error {
	parts := make([]contents, len(all))
	for i := range parts {
		parts[i] = make(contents)
	}
	for key, n := range found {
		var client int
		if _, err := fmt.Sscanf(key, "c%02d/", &client); err != nil || client >= len(all) {
			return fmt.Errorf("nobody wrote the key %q", key)
		}
		parts[client][key] = n
	}
	for i, h := range all {
		if err := h.reconcile(parts[i]); err != nil {
			return err
		}
	}
	return nil
}
