package scenario

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// counted is a store that counts what is done to it, and can be wrong.
type counted struct {
	lock    sync.Mutex
	entries map[string][]byte
	calls   map[string]int
	// wrong changes the entries from which a scan gives the first.
	wrong func([]engine.Entry) []engine.Entry
}

func newCounted() *counted {
	return &counted{entries: map[string][]byte{}, calls: map[string]int{}}
}

func (s *counted) count(call string) func() {
	s.lock.Lock()
	s.calls[call]++
	return s.lock.Unlock
}

func (s *counted) Put(key, value []byte) error {
	defer s.count("put")()
	s.entries[string(key)] = bytes.Clone(value)
	return nil
}

func (s *counted) PutTTL(key, value []byte, ttl time.Duration) error {
	defer s.count("ttl")()
	s.entries[string(key)] = bytes.Clone(value)
	return nil
}

func (s *counted) PutBatch(entries []engine.Entry) error {
	defer s.count("batch")()
	for _, e := range entries {
		s.entries[string(e.Key)] = bytes.Clone(e.Value)
	}
	return nil
}

func (s *counted) Get(dst, key []byte) ([]byte, error) {
	defer s.count("get")()
	value, ok := s.entries[string(key)]
	if !ok {
		return dst, engine.ErrMissing
	}
	return append(dst, value...), nil
}

func (s *counted) Delete(key []byte) error {
	defer s.count("delete")()
	delete(s.entries, string(key))
	return nil
}

func (s *counted) Scan(from []byte, most int, visit func(key, value []byte) error) error {
	defer s.count("scan")()
	var page []engine.Entry
	for key, value := range s.entries {
		if key >= string(from) {
			page = append(page, engine.Entry{Key: []byte(key), Value: value})
		}
	}
	slices.SortFunc(page, func(a, b engine.Entry) int { return bytes.Compare(a.Key, b.Key) })
	if s.wrong != nil {
		page = s.wrong(page)
	}
	page = page[:min(most, len(page))]
	for _, e := range page {
		if err := visit(e.Key, e.Value); err != nil {
			return err
		}
	}
	return nil
}

func (s *counted) Close() error { return nil }

// loadedRun is a run on a store with few keys, which have been loaded.
func loadedRun(t *testing.T, store *counted) *runner {
	t.Helper()
	o := Options{Dir: t.TempDir(), Keys: 150, ValueBytes: 32, Seconds: 0.15, Threads: 4, Seed: 1}
	kind := engine.Kind{Version: func() string { return "" }, Settings: func(engine.Config) string { return "" }}
	r := newRunner(o, kind, new(bytes.Buffer))
	r.store = store
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	if len(store.entries) != 150 || store.calls["batch"] != 2 {
		t.Fatalf("the load left %d entries of 150 by %d batches", len(store.entries), store.calls["batch"])
	}
	clear(store.calls)
	return r
}

func TestMixesHaveTheirShares(t *testing.T) {
	for name, c := range map[string]struct {
		run    func(*runner) error
		shares map[string]float64 // of all calls
	}{
		"A":      {(*runner).ycsbA, map[string]float64{"get": 0.5, "put": 0.5}},
		"B":      {(*runner).ycsbB, map[string]float64{"get": 0.95, "put": 0.05}},
		"C":      {(*runner).ycsbC, map[string]float64{"get": 1}},
		"D":      {(*runner).ycsbD, map[string]float64{"get": 0.95, "put": 0.05}},
		"E":      {(*runner).ycsbE, map[string]float64{"scan": 0.95, "put": 0.05}},
		"F":      {(*runner).ycsbF, map[string]float64{"get": 2. / 3, "put": 1. / 3}}, // half of the operations do both
		"delete": {(*runner).deletes, map[string]float64{"delete": 0.5, "ttl": 0.25, "get": 0.25}},
	} {
		t.Run(name, func(t *testing.T) {
			store := newCounted()
			r := loadedRun(t, store)
			if err := c.run(r); err != nil {
				t.Fatal(err)
			}
			all := 0
			for call, count := range store.calls {
				all += count
				if c.shares[call] == 0 {
					t.Errorf("%d calls of %s", count, call)
				}
			}
			for call, share := range c.shares {
				// Four times what chance makes of so many.
				most := 4 * math.Sqrt(share*(1-share)/float64(all))
				if got := float64(store.calls[call]) / float64(all); math.Abs(got-share) > most {
					t.Errorf("%s is %.4f of %d calls, want %.4f", call, got, all, share)
				}
			}
			inserted := r.inserted.Load() - r.Keys
			if inserts := name == "D" || name == "E"; inserts != (inserted != 0) || inserts && int(inserted) != store.calls["put"] {
				t.Errorf("%d keys were inserted by %d puts", inserted, store.calls["put"])
			}
		})
	}
}

// Workload D reads what was written last, most of all.
func TestLatestAreReadMost(t *testing.T) {
	store := newCounted()
	r := loadedRun(t, store)
	for id := range r.Keys - 10 {
		delete(store.entries, string(work.Key(new([work.KeyLen]byte), id)))
	}
	reads, missing := 0, 0
	c := r.prepare(load{threads: 1, salt: saltYCSBD})[0]
	for range 10_000 {
		reads++
		if _, err := r.readLatest(c, 0); errors.Is(err, engine.ErrMissing) {
			missing++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	// The last 10 of 150 have a weight of about 2.95 of 5.6.
	if share := float64(missing) / float64(reads); share < 0.42 || share > 0.53 {
		t.Errorf("%.2f of the reads are of what is not among the last ten", share)
	}
}

func TestWrongScansAreCaught(t *testing.T) {
	swap := func(page []engine.Entry) []engine.Entry {
		page[0], page[1] = page[1], page[0]
		return page
	}
	for name, wrong := range map[string]func([]engine.Entry) []engine.Entry{
		"out of order":    swap,
		"a key twice":     func(page []engine.Entry) []engine.Entry { return slices.Insert(page, 1, page[0]) },
		"a gap":           func(page []engine.Entry) []engine.Entry { return slices.Delete(page, 1, 2) },
		"begins late":     func(page []engine.Entry) []engine.Entry { return page[1:] },
		"ends early":      func(page []engine.Entry) []engine.Entry { return page[:29] },
		"another's value": func(page []engine.Entry) []engine.Entry { page[1].Value = page[0].Value; return page },
		"a value cut":     func(page []engine.Entry) []engine.Entry { page[0].Value = page[0].Value[1:]; return page },
		"no key":          func(page []engine.Entry) []engine.Entry { page[1].Key = []byte("key:00000000000x"); return page },
	} {
		store := newCounted()
		r := loadedRun(t, store)
		c := r.prepare(load{threads: 1})[0]
		if _, err := c.scan.page(store, 20, 30); err != nil {
			t.Fatalf("a right scan: %v", err)
		}
		store.wrong = wrong
		if _, err := c.scan.page(store, 20, 30); err == nil {
			t.Errorf("%s was not caught", name)
		}
	}
}

// Keys that were inserted may be written in any order, so between them may be gaps.
func TestScanBehindTheLoadedKeys(t *testing.T) {
	store := newCounted()
	r := loadedRun(t, store)
	c := r.prepare(load{threads: 1})[0]
	if err := r.writeKey(c, r.Keys+3, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := c.scan.page(store, r.Keys-2, 30); err != nil || got != 3 {
		t.Errorf("%d entries, want 3: %v", got, err)
	}
}

func TestWrongReadsAreCaught(t *testing.T) {
	store := newCounted()
	r := loadedRun(t, store)
	c := r.prepare(load{threads: 1})[0]
	key := func(id uint64) string { return string(work.Key(new([work.KeyLen]byte), id)) }
	store.entries[key(7)] = store.entries[key(8)]
	delete(store.entries, key(9))
	for id, part := range map[uint64]string{7: "another's", 9: "missing"} {
		if err := r.readKey(c, id); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("key %d: %v", id, err)
		}
	}
	if err := r.warm(); err == nil {
		t.Error("a pass over all keys found nothing wrong")
	}
}

// fixed is a store of one entry, which nothing changes.
type fixed engine.Entry

func (s *fixed) Put(_, _ []byte) error             { return nil }
func (s *fixed) PutBatch([]engine.Entry) error     { return nil }
func (s *fixed) Get(dst, _ []byte) ([]byte, error) { return append(dst, s.Value...), nil }
func (s *fixed) Delete([]byte) error               { return nil }
func (s *fixed) Close() error                      { return nil }
func (s *fixed) Scan(_ []byte, _ int, visit func(key, value []byte) error) error {
	return visit(s.Key, s.Value)
}

// What the harness itself does leaves nothing for Go's collector.
func TestStepsAllocateNothing(t *testing.T) {
	r := loadedRun(t, newCounted())
	c := r.prepare(load{threads: 1})[0]
	store := &fixed{Key: work.Key(new([work.KeyLen]byte), r.Keys-1), Value: make([]byte, r.ValueBytes)}
	work.Value(store.Value, r.Keys-1, 0)
	r.store = store
	for name, do := range map[string]func() error{
		"insert": func() error { _, err := r.insert(c, 1); return err },
		"update": func() error { _, err := r.updatePopular(c, 1); return err },
		"write":  func() error { _, err := r.write(c, 1); return err },
		"read":   func() error { return r.readKey(c, r.Keys-1) },
		"scan":   func() error { _, err := c.scan.page(store, r.Keys-1, 1); return err },
	} {
		allocated := testing.AllocsPerRun(100, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		})
		if allocated != 0 {
			t.Errorf("%s allocates %.0f times", name, allocated)
		}
	}
}
