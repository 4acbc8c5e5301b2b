package fragments

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	olric "github.com/olric-data/olric/pkg/storage"
)

// history is what befalls one partition of a cache of some nodes, as Olric has it: one of them is the owner,
// and others have something left, which is on its way to the owner, and is asked for when the owner is.
type history struct {
	t      *testing.T
	random *rand.Rand
	nodes  []*Fragment
	owner  int
	newest [4]int // number of the newest write of each key
	steps  []string
}

// TestNoHistoryHasOldValues: whatever befalls a partition, a read is of the newest write or of nothing.
func TestNoHistoryHasOldValues(t *testing.T) {
	for seed := range uint64(500) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{t: t, random: rand.New(rand.NewPCG(seed, 0))}
			for range 3 {
				h.nodes = append(h.nodes, h.node())
			}
			for range 60 {
				h.step()
				h.read()
				time.Sleep(time.Millisecond)
			}
			if t.Failed() {
				t.Fatalf("seed %d: %v", seed, h.steps)
			}
		})
	}
}

const givenUp = 2 * time.Second // is how long it takes nodes at least to give one up

func (h *history) node() *Fragment {
	return fork(h.t, New(&memoryEngine{entries: map[string][]byte{}}, givenUp*3/4))
}

// hkey is the hash of a key: two and two are of one class.
func hkey(key int) uint64 { return uint64(key%2)<<32 + uint64(key) }

func (h *history) step() {
	h.wait(0)
	key, of := h.random.IntN(len(h.newest)), h.random.IntN(len(h.nodes))
	name := fmt.Sprint("key", key)
	step := fmt.Sprintf("%s at %d", name, h.owner)
	switch kind := h.random.IntN(20); {
	case kind < 6:
		h.newest[key]++
		put(h.t, h.nodes[h.owner], hkey(key), value(name, fmt.Sprint(h.newest[key])))
		step = fmt.Sprintf("put %s %d", step, h.newest[key])
	case kind < 8:
		h.newest[key]++
		put(h.t, h.nodes[h.owner], hkey(key), removal(name))
		step = fmt.Sprintf("remove %s %d", step, h.newest[key])
	case kind < 10:
		put(h.t, h.nodes[h.owner], hkey(key), Item{Kind: Expiry, Key: []byte(name), ExpiresAt: time.Now().Add(time.Hour).UnixMilli()})
		step = "touch " + step
	case kind < 11:
		if err := h.nodes[h.owner].remove(hkey(key)); err != nil {
			h.t.Fatal(err)
		}
		step = "evict " + step
	case kind < 16:
		step = h.move(of)
	case kind < 18:
		h.owner = of
		step = fmt.Sprintf("owner %d", of)
	case kind < 19:
		h.nodes[of].store.Forget()
		step = fmt.Sprintf("forget %d", of)
	default:
		step = h.end(of)
	}
	h.steps = append(h.steps, step)
}

// move has a node send the owner what it has, which may not come, or without that the node is told.
func (h *history) move(from int) string {
	if from == h.owner || h.nodes[from].Stats().Length == 0 {
		return ""
	}
	part, drop := send(h.t, h.nodes[from])
	outcome := h.random.IntN(4)
	if outcome > 0 {
		take(h.t, h.nodes[h.owner], part)
	}
	if outcome > 1 {
		if err := drop(0); err != nil {
			h.t.Fatal(err)
		}
	}
	return fmt.Sprintf("move %d to %d, %d", from, h.owner, outcome)
}

// end has a node end, and another one begin in its place, once the others have given it up. It does not
// while somebody has something that the owner has not, and was not sent: that may be the newest, or, as the
// owner has newer, be taken for it.
func (h *history) end(of int) string {
	for i, f := range h.nodes {
		if i != h.owner && f.Stats().Length != 0 && (i == of || f.offered.sent.IsZero()) {
			return ""
		}
	}
	h.wait(givenUp)
	h.nodes[of] = h.node()
	return fmt.Sprintf("end %d", of)
}

// wait lets time pass in which all nodes take part.
func (h *history) wait(d time.Duration) {
	for until := time.Now().Add(d); ; time.Sleep(givenUp / 4) {
		for _, f := range h.nodes {
			f.store.Beat()
		}
		if !time.Now().Before(until) {
			return
		}
	}
}

// read asks the owner and those that have something left for each key, as Olric does.
func (h *history) read() {
	for key, newest := range h.newest {
		var latest olric.Entry
		for _, f := range h.nodes {
			e, err := f.Get(hkey(key))
			if errors.Is(err, olric.ErrKeyNotFound) {
				continue
			}
			if err != nil {
				h.t.Fatal(err)
			}
			if latest == nil || e.Timestamp() > latest.Timestamp() {
				latest = e
			}
		}
		if latest == nil || latest.(*Entry).isRemoval() {
			continue
		}
		item, err := ParseItem(latest.Value())
		if err != nil || string(item.Value) != fmt.Sprint(newest) {
			h.t.Errorf("key%d is %q, %v, and %d is the newest", key, item.Value, err, newest)
		}
	}
}
