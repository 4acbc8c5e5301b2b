package cache_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// TestModel does random operations on a cache and on a map, and compares all that the
// cache says. In one with room for everything nothing may be missing; in a small one
// anything may, but what is there is what was stored last.
func TestModel(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		for _, budget := range []uint64{64 << 20, cache.MinBudget} {
			for _, ordered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d KiB, ordered %v", budget>>10, ordered), func(t *testing.T) {
					runModel(t, open, cache.Options{Budget: budget, Ordered: ordered})
				})
			}
		}
	})
}

// Environment variable: what repeats a failed model test.
const seedVariable = "MANTISDB_TEST_SEED"

func runModel(t *testing.T, open opener, o cache.Options) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		ok(t, err)
	}
	t.Logf("to repeat: %s=%d", seedVariable, seed)
	m := &model{
		t: t, c: open(t, o), rng: rand.New(rand.NewPCG(seed, 0)),
		entries: make(map[string]modelEntry), expired: make(map[string]modelEntry), lossy: o.Budget < 1<<20,
	}
	for range scaled(20_000) {
		m.step()
	}
	m.checkAll()
}

type model struct {
	t       *testing.T
	c       *cache.Cache
	rng     *rand.Rand
	entries map[string]modelEntry
	expired map[string]modelEntry // that were, and may be in the cache still
	lossy   bool
}

type modelEntry struct {
	value     string
	expiresAt int64
	tags      []string
}

func (m *model) step() {
	m.settle()
	switch n := m.rng.IntN(1000); {
	case n < 300:
		m.get(m.key())
	case n < 350:
		m.getMany()
	case n < 650:
		m.set()
	case n < 800:
		m.setIfAbsent()
	case n < 900:
		m.remove()
	case n < 940:
		m.removeTag()
	case n < 970:
		m.removePrefix()
	case n < 998:
		cache.Step(m.c, time.Duration(m.rng.IntN(20_000))*time.Millisecond)
	default:
		got, err := m.c.Clear()
		m.dropped("Clear", got, err, func(string, modelEntry) bool { return true })
	}
}

func (m *model) key() string { return fmt.Sprintf("%d/%02d", m.rng.IntN(10), m.rng.IntN(30)) }

func (m *model) value() string {
	n := m.rng.IntN(200)
	if m.rng.IntN(50) == 0 {
		n = m.rng.IntN(20_000)
	}
	return string(filler(n, m.rng.Uint64()))
}

// settle removes what expires about now: clocks differ by some milliseconds.
func (m *model) settle() {
	for key, e := range m.entries {
		if near := e.expiresAt - cache.Now(m.c); e.expiresAt != 0 && near > -50 && near < 50 {
			_, err := m.c.Delete([]byte(key))
			ok(m.t, err)
			delete(m.entries, key)
		}
	}
}

// live is what the map has of a key.
func (m *model) live(key string) (modelEntry, bool) {
	e, found := m.entries[key]
	if found && e.expiresAt != 0 && e.expiresAt <= cache.Now(m.c) {
		delete(m.entries, key)
		m.expired[key] = e
		return e, false
	}
	return e, found
}

// lost forgets what the cache has evicted, if it may.
func (m *model) lost(key string) bool {
	if m.lossy {
		delete(m.entries, key)
	}
	return m.lossy
}

func (m *model) see(key string, value []byte, found bool) {
	m.t.Helper()
	want, live := m.live(key)
	if live && !found && m.lost(key) {
		return
	}
	if found != live || found && string(value) != want.value {
		m.t.Fatalf("%s has %s, found %v, want %s, %v", key, show(value), found, show(want.value), live)
	}
}

func (m *model) get(key string) {
	m.t.Helper()
	value, err := m.c.Get([]byte(key))
	if err != nil {
		wantErr(m.t, key, err, cache.ErrNotFound)
	}
	m.see(key, value, err == nil)
}

func (m *model) getMany() {
	var keys [][]byte
	for range m.rng.IntN(40) {
		keys = append(keys, []byte(m.key()))
	}
	values, err := m.c.GetMany(keys...)
	ok(m.t, err)
	for i, key := range keys {
		m.see(string(key), values[i], values[i] != nil)
	}
}

func (m *model) options() cache.EntryOptions {
	var o cache.EntryOptions
	if m.rng.IntN(3) == 0 {
		o.ExpiresAt = cache.Now(m.c) + 100*m.rng.Int64N(1000) - 9950
	}
	for range m.rng.IntN(3) {
		o.Tags = append(o.Tags, fmt.Sprint("tag ", m.rng.IntN(10)))
	}
	return o
}

func (m *model) put(key, value string, o cache.EntryOptions) {
	if o.ExpiresAt < 0 {
		m.t.Fatal("the clock is wrong")
	}
	if o.ExpiresAt != 0 && o.ExpiresAt <= cache.Now(m.c) {
		// It never is in the cache, where the one that expired before it may still be.
		delete(m.entries, key)
		return
	}
	m.entries[key] = modelEntry{value, o.ExpiresAt, o.Tags}
	delete(m.expired, key)
}

func (m *model) set() {
	key, value, o := m.key(), m.value(), m.options()
	ok(m.t, m.c.SetWith([]byte(key), []byte(value), o))
	m.put(key, value, o)
}

func (m *model) setIfAbsent() {
	key, value, o := m.key(), m.value(), m.options()
	stored, err := m.c.SetIfAbsent([]byte(key), []byte(value), o)
	ok(m.t, err)
	if _, live := m.live(key); stored && live && !m.lost(key) || !stored && !live {
		m.t.Fatalf("SetIfAbsent(%s) stored: %v, live: %v", key, stored, live)
	}
	if stored {
		m.put(key, value, o)
	}
}

func (m *model) remove() {
	key := m.key()
	deleted, err := m.c.Delete([]byte(key))
	ok(m.t, err)
	if _, live := m.live(key); deleted != live && !(live && m.lossy) {
		m.t.Fatalf("Delete(%s) deleted: %v, live: %v", key, deleted, live)
	}
	delete(m.entries, key)
}

func (m *model) removeTag() {
	tag := fmt.Sprint("tag ", m.rng.IntN(10))
	got, err := m.c.DeleteTag(tag)
	m.dropped(tag, got, err, func(_ string, e modelEntry) bool { return slices.Contains(e.tags, tag) })
}

func (m *model) removePrefix() {
	prefix := m.key()[:1+m.rng.IntN(3)]
	got, err := m.c.DeletePrefix([]byte(prefix))
	m.dropped(prefix, got, err, func(key string, _ modelEntry) bool { return strings.HasPrefix(key, prefix) })
}

// dropped takes what fits out of the map, and compares how much that was. The cache may
// also have counted what had expired.
func (m *model) dropped(what string, got uint64, err error, fits func(string, modelEntry) bool) {
	m.t.Helper()
	ok(m.t, err)
	want, most := uint64(0), uint64(0)
	for key, e := range m.expired {
		if fits(key, e) {
			most++
			delete(m.expired, key)
		}
	}
	for key := range m.entries {
		e, live := m.live(key)
		if !fits(key, e) {
			continue
		}
		if live {
			delete(m.entries, key)
			want++
		} else {
			most++
		}
	}
	if most += want; got > most || got < want && !m.lossy {
		m.t.Fatalf("deletion of %s dropped %d, want %d to %d", what, got, want, most)
	}
}

func (m *model) checkAll() {
	for i := range 10 {
		for j := range 30 {
			m.get(fmt.Sprintf("%d/%02d", i, j))
		}
	}
}
