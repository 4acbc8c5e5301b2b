package storagetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

var modelTests = []test{{"Model", testModel}}

// Environment variables: what repeats a failed model test, and how many steps it
// takes, for a long run.
const (
	seedVariable  = "MANTISDB_TEST_SEED"
	stepsVariable = "MANTISDB_TEST_STEPS"
)

// testModel does random operations on an engine and on an ordered map, and
// compares all that the engine says. On disk it opens the engine again now and
// then.
func testModel(t *testing.T, b *bench) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		ok(t, err)
	}
	t.Logf("to repeat: %s=%d", seedVariable, seed)
	steps := scaled(40_000)
	if b.onDisk {
		steps = scaled(3000)
	}
	if text := os.Getenv(stepsVariable); text != "" {
		var err error
		steps, err = strconv.Atoi(text)
		ok(t, err)
	}
	m := newModel(t, b, rand.New(rand.NewPCG(seed, 0)))
	for range steps {
		m.step()
	}
	m.checkAll()
	m.close()
}

// model is an engine and what should be in it.
type model struct {
	t       *testing.T
	b       *bench
	rng     *rand.Rand
	dir     string
	engine  storage.Engine
	keys    []string // that are in play
	state   state
	last    uint64            // the newest version
	touched map[string]uint64 // the newest version, written or deleted, of each key
	moments []moment
}

// state is what an engine or a snapshot should hold.
type state map[string]entry

// maxMoments is how many snapshots are open at most.
const maxMoments = 8

// moment is a snapshot and what it should hold.
type moment struct {
	snap storage.Snapshot
	want state
}

func newModel(t *testing.T, b *bench, rng *rand.Rand) *model {
	m := &model{t: t, b: b, rng: rng, dir: b.dir(t), state: make(state), touched: make(map[string]uint64)}
	m.engine = b.open(t, m.dir)
	m.last = stats(t, m.engine).LastVersion // an engine may have written for itself
	for i := range 300 {
		key := fmt.Sprintf("user/%03d", i)
		switch i % 4 {
		case 0:
			key = string(filler(1+rng.IntN(30), rng.Uint64()))
		case 1: // many with long common beginnings
			key = string(filler(100, 1)) + key[:rng.IntN(len(key))]
		case 2:
			key = string(byte(i)) + string([]byte{0, 0xff}[i%2:])
		}
		m.keys = append(m.keys, key)
	}
	return m
}

func (m *model) close() {
	m.closeMoments()
	ok(m.t, m.engine.Close())
}

func (m *model) closeMoments() {
	for _, moment := range m.moments {
		ok(m.t, moment.snap.Close())
	}
	m.moments = nil
}

func (m *model) step() {
	switch n := m.rng.IntN(100); {
	case n < 18:
		m.put()
	case n < 25:
		m.putIfAbsent()
	case n < 31:
		m.remove()
	case n < 32:
		m.removeRange()
	case n < 40:
		m.write()
	case n < 52:
		m.modify()
	case n < 57:
		m.writeIf()
	case n < 75:
		m.get()
	case n < 82:
		m.multiGet()
	case n < 90:
		m.scan(m.engineMoment())
	case n < 93:
		m.takeSnapshot()
	case n < 98:
		m.readSnapshot()
	case n < 99:
		m.dropSnapshot()
	default:
		m.reopen()
	}
}

func (m *model) key() string { return m.keys[m.rng.IntN(len(m.keys))] }

func (m *model) value() string {
	n := m.rng.IntN(300)
	if m.rng.IntN(100) == 0 {
		n = m.rng.IntN(200_000)
	}
	return string(filler(n, m.rng.Uint64()))
}

// expiry is none, one in the far future, or one in the past.
func (m *model) expiry() int64 {
	switch m.rng.IntN(10) {
	case 0:
		return inMillis(3_600_000 + m.rng.Int64N(1000))
	case 1:
		return 1 + m.rng.Int64N(inMillis(0))
	default:
		return 0
	}
}

// grew checks a write's version against the last one.
func (m *model) grew(what string, version uint64) {
	m.t.Helper()
	if version <= m.last {
		m.t.Fatalf("%s has version %d, after %d", what, version, m.last)
	}
	m.last = version
}

// set applies a put to a state.
func (s state) set(key, value string, meta storage.Meta) {
	if meta.ExpiresAt != 0 && meta.ExpiresAt <= inMillis(0) {
		delete(s, key)
		return
	}
	s[key] = entry{key, value, meta}
}

func (m *model) put() {
	key, value, expiresAt := m.key(), m.value(), m.expiry()
	version := putExpiring(m.t, m.engine, key, value, expiresAt)
	m.grew("Put", version)
	m.touch(key)
	m.state.set(key, value, storage.Meta{Version: version, ExpiresAt: expiresAt})
}

func (m *model) putIfAbsent() {
	key, value, expiresAt := m.key(), m.value(), m.expiry()
	version, stored := putIfAbsent(m.t, m.engine, key, value, expiresAt)
	if _, exists := m.state[key]; stored == exists {
		m.t.Fatalf("PutIfAbsent(%s) stored: %v, though it exists: %v", show(key), stored, exists)
	}
	if stored {
		m.grew("PutIfAbsent", version)
		m.touch(key)
		m.state.set(key, value, storage.Meta{Version: version, ExpiresAt: expiresAt})
	}
}

func (m *model) remove() {
	key := m.key()
	m.grew("Delete", remove(m.t, m.engine, key))
	m.touch(key)
	delete(m.state, key)
}

// removeRange deletes a small range as a rule, now and then a large one.
func (m *model) removeRange() {
	r := m.someRange()
	var batch storage.Batch
	ok(m.t, batch.DeleteRange(r.Start, r.End))
	m.grew("DeleteRange", write(m.t, m.engine, &batch))
	m.touchRange(r)
	m.state.deleteRange(r)
}

// someRange is one that holds at least one key in play.
func (m *model) someRange() storage.Range {
	sorted := slices.Sorted(slices.Values(m.keys))
	from := m.rng.IntN(len(sorted))
	count := 1 + m.rng.IntN(5)
	if m.rng.IntN(20) == 0 {
		count = m.rng.IntN(len(sorted)) + 1
	}
	r := storage.Range{Start: []byte(sorted[from])}
	if to := from + count; to < len(sorted) && sorted[to] > sorted[from] {
		r.End = []byte(sorted[to])
	} else if m.rng.IntN(10) > 0 {
		r.End = append([]byte(sorted[from]), 0)
	}
	return r
}

func (s state) deleteRange(r storage.Range) {
	maps.DeleteFunc(s, func(key string, _ entry) bool { return r.Contains([]byte(key)) })
}

func (m *model) write() {
	var batch storage.Batch
	var written []string
	for range m.rng.IntN(20) {
		key := m.key()
		switch m.rng.IntN(30) {
		case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9:
			ok(m.t, batch.Delete([]byte(key)))
			delete(m.state, key)
			continue
		case 10:
			r := m.someRange()
			ok(m.t, batch.DeleteRange(r.Start, r.End))
			m.state.deleteRange(r)
			continue
		}
		value, expiresAt := m.value(), m.expiry()
		ok(m.t, batch.Put([]byte(key), []byte(value), expiresAt))
		m.state.set(key, value, storage.Meta{ExpiresAt: expiresAt})
		written = append(written, key)
	}
	version := write(m.t, m.engine, &batch)
	if batch.Len() == 0 {
		return
	}
	before := m.last
	m.grew("Write", version)
	for op := range batch.All() {
		if op.Kind == storage.OpDeleteRange {
			m.touchRange(op.Range())
		} else {
			m.touch(string(op.Key))
		}
	}
	for _, key := range written { // each has a version of its own
		if en, exists := m.state[key]; exists {
			en.meta.Version = metaOf(m.t, m.engine, key).Version
			if en.meta.Version <= before || en.meta.Version > version {
				m.t.Fatalf("a batch of versions %d to %d wrote version %d", before+1, version, en.meta.Version)
			}
			m.state[key] = en
		}
	}
}

func (m *model) get() {
	key := m.key()
	want, exists := m.state[key]
	if !exists {
		wantAbsent(m.t, m.engine, key)
		return
	}
	wantValue(m.t, m.engine, key, want.value)
	if got := metaOf(m.t, m.engine, key); got != want.meta {
		m.t.Fatalf("%s has meta %+v, want %+v", show(key), got, want.meta)
	}
}

func (m *model) multiGet() {
	keys := make([][]byte, m.rng.IntN(40))
	for i := range keys {
		keys[i] = []byte(m.key())
	}
	var out storage.Values
	ok(m.t, m.engine.MultiGet(keys, &out))
	for i, key := range keys {
		got, found := out.At(i)
		want, exists := m.state[string(key)]
		if found != exists || string(got) != want.value {
			m.t.Fatalf("MultiGet(%s) = %s, %v, want %s, %v", show(key), show(got), found, show(want.value), exists)
		}
	}
}

// engineMoment is the engine's newest state, of which the caller closes the
// snapshot by scanning it.
func (m *model) engineMoment() moment { return moment{snapshot(m.t, m.engine), m.state} }

func (m *model) scan(at moment) {
	defer at.snap.Close()
	m.scanAt(at)
}

func (m *model) scanAt(at moment) {
	r := storage.Range{Reverse: m.rng.IntN(2) == 0, KeysOnly: m.rng.IntN(3) == 0}
	if m.rng.IntN(3) > 0 {
		r.Start = []byte(m.key())
	}
	if m.rng.IntN(3) > 0 {
		r.End = []byte(m.key())
	}
	if m.rng.IntN(5) == 0 {
		prefix := storage.Prefix([]byte(m.key()[:1]))
		r.Start, r.End = prefix.Start, prefix.End
	}
	if m.rng.IntN(3) == 0 {
		r.Limit = 1 + m.rng.IntN(20)
	}
	got, want := collect(m.t, at.snap, r), selected(at.want.sorted(), r)
	wantEntries(m.t, fmt.Sprintf("scan of %+v", r), got, want)
	for i := range got {
		if got[i].meta != want[i].meta {
			m.t.Fatalf("the scan's entry %s has meta %+v, want %+v", show(got[i].key), got[i].meta, want[i].meta)
		}
	}
}

func (s state) sorted() []entry {
	entries := make([]entry, 0, len(s))
	for _, key := range slices.Sorted(maps.Keys(s)) {
		entries = append(entries, s[key])
	}
	return entries
}

func (m *model) takeSnapshot() {
	at := moment{snapshot(m.t, m.engine), maps.Clone(m.state)}
	if at.snap.Version() != m.last {
		m.t.Fatalf("a snapshot has version %d, the last write had %d", at.snap.Version(), m.last)
	}
	m.moments = append(m.moments, at)
	if len(m.moments) > maxMoments {
		m.dropSnapshot()
	}
}

func (m *model) readSnapshot() {
	if len(m.moments) == 0 {
		return
	}
	at := m.moments[m.rng.IntN(len(m.moments))]
	m.scanAt(at)
	for range 10 {
		key := m.key()
		got, meta, err := at.snap.AppendGetMeta(nil, []byte(key))
		want, exists := at.want[key]
		if exists != (err == nil) || string(got) != want.value || meta != want.meta {
			m.t.Fatalf("at version %d %s is %s, %+v, %v, want %s, %+v", at.snap.Version(), show(key), show(got), meta, err, show(want.value), want.meta)
		}
	}
}

func (m *model) dropSnapshot() {
	if len(m.moments) == 0 {
		return
	}
	i := m.rng.IntN(len(m.moments))
	ok(m.t, m.moments[i].snap.Close())
	m.moments = slices.Delete(m.moments, i, i+1)
}

func (m *model) reopen() {
	if !m.b.onDisk {
		return
	}
	m.close()
	m.engine = m.b.open(m.t, m.dir)
	last := stats(m.t, m.engine).LastVersion
	if last < m.last {
		m.t.Fatalf("the version fell from %d to %d", m.last, last)
	}
	m.last = last
	m.checkAll()
}

// checkAll compares everything.
func (m *model) checkAll() {
	got, want := collectNow(m.t, m.engine, storage.Range{}), m.state.sorted()
	wantEntries(m.t, "everything", got, want)
	for i := range got {
		if got[i].meta != want[i].meta {
			m.t.Fatalf("%s has meta %+v, want %+v", show(got[i].key), got[i].meta, want[i].meta)
		}
	}
}
