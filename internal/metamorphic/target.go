package metamorphic

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
)

// slots is how many snapshots, batches and transactions there may be at a time.
const slots = 4

// target is a database and the model of what it must answer.
type target struct {
	engine  string
	home    string // for directories
	dirs    int    // that were made there
	dir     string // the database's, "" in memory
	options DiskOptions
	db      *mantisdb.DB

	spaces  map[string]*space // by names: those that exist, or were dropped since Open
	created int               // how many keyspaces were

	state   state
	history []*entry          // what was written
	writes  uint64            // the number of the last write
	touched map[string]uint64 // by keys, the last write, also of what then was gone
	// deletedRanges are all deletions of ranges.
	deletedRanges []deletedRange
	last          uint64         // the newest version that is known
	stats         mantisdb.Stats // of before
	dying         []*entry       // that expire soon

	snapshots    [slots]*snapshot
	batches      [slots]batch
	transactions [slots]*transaction
	watches      [slots]*watch

	base  int64 // when the script began, in Unix milliseconds
	began int64 // when the operation began

	said    []byte // what came of the operation, without what engines may differ in
	failure string // what came out wrong first
}

// newTarget opens an engine's database, in a new directory below home or in memory.
func newTarget(engine, home string, s *Script, base int64) *target {
	t := &target{engine: engine, home: home, options: s.Options, base: base, touched: make(map[string]uint64), spaces: make(map[string]*space)}
	if s.OnDisk {
		t.dir = t.newDir()
	}
	t.began = now()
	t.open()
	return t
}

func (t *target) onDisk() bool { return t.dir != "" }

// newDir is the name of a directory that does not exist.
func (t *target) newDir() string {
	t.dirs++
	return filepath.Join(t.home, t.engine+"-"+strconv.Itoa(t.dirs))
}

func (t *target) open() {
	db, err := mantisdb.Open(t.dir, t.openOptions())
	if !t.err("Open", err, nil) {
		return
	}
	t.db = db
	t.stats, err = db.Stats()
	t.err("Stats", err, nil)
	t.openSpaces()
}

func (t *target) openOptions() *mantisdb.Options {
	o := &mantisdb.Options{Engine: t.engine, Durability: t.options.Durability}
	if t.onDisk() {
		o.MemoryLimit = t.options.Limit
	}
	return o
}

// step does an operation. A panic is a failure like any other.
func (t *target) step(o *Op) {
	defer func() {
		if r := recover(); r != nil {
			t.fail("panic: %v", r)
		}
	}()
	t.said = t.said[:0]
	t.settle()
	if t.space(o) == nil {
		return // it is known to no one
	}
	kind, _ := kindOf(o.Kind)
	kind.run(t, o)
}

// close ends everything that is open.
func (t *target) close() {
	if t.db == nil {
		return
	}
	t.endAll()
	t.err("Close", t.db.Close(), nil)
	t.db = nil
}

// endAll closes the snapshots and watches and ends the transactions.
func (t *target) endAll() {
	for i := range slots {
		t.closeSnapshot(i)
		t.closeWatch(i)
		t.discard(i)
	}
}

// set notes that a key was given a value.
func (t *target) set(e *entry) {
	t.touch(e.key)
	e.written, e.after, e.version = t.writes, t.last, 0
	t.log(e)
	if e.expired(now()) {
		t.state.remove(e.key)
		return
	}
	t.state.put(e)
	if e.soonest != 0 && e.soonest < now()+soon {
		t.dying = append(t.dying, e)
	}
}

// remove notes that a key was deleted.
func (t *target) remove(in *space, key string) {
	t.expire(key)
	e := deletion(in, key)
	e.written, e.after = t.writes, t.last
	t.log(e)
}

// expire notes that a key has no value any more, which need not be written.
func (t *target) expire(key string) {
	t.touch(key)
	t.state.remove(key)
}

// deletedRange is a range that was deleted, with the number of that write.
type deletedRange struct {
	r     mantisdb.Range
	write uint64
}

// removeRange notes that the keys of a range have no value any more.
func (t *target) removeRange(r mantisdb.Range) {
	for _, e := range t.state.in(mantisdb.Range{Start: r.Start, End: r.End}, 0) {
		t.state.remove(e.key)
	}
	t.writes++
	t.deletedRanges = append(t.deletedRanges, deletedRange{r, t.writes})
	t.log(&entry{span: &r, written: t.writes, after: t.last, soonest: deleted, latest: deleted})
}

func (t *target) touch(key string) {
	t.writes++
	t.touched[key] = t.writes
}

// get is what a key must have, nil for nothing.
func (t *target) get(key string) *entry { return t.state.get(key, t.began) }

// newEntry is what an operation stores, as of its end.
func (t *target) newEntry(o *Op) *entry {
	e := &entry{in: t.space(o), key: t.address(o), value: o.Value.Text()}
	e.soonest, e.latest = t.life(o)
	return e
}

// life is when what an operation stores expires.
func (t *target) life(o *Op) (soonest, latest int64) {
	after := o.TTL
	if after == 0 && o.At == 0 {
		after = t.space(o).options.TTL
	}
	switch {
	case after > 0:
		ttl := int64((after + time.Millisecond - 1) / time.Millisecond)
		return t.began + ttl, now() + ttl + clockError
	case o.At != 0:
		return t.base + o.At, t.base + o.At
	}
	return 0, 0
}

// learn compares what is told of a value with what is known of it.
func (t *target) learn(what string, e *entry, m mantisdb.Meta) {
	t.learnVersion(what, e, m.Version)
	t.check(e.soonest <= m.ExpiresAt && m.ExpiresAt <= e.latest,
		"%s expires at %d, not from %d to %d", what, m.ExpiresAt, e.soonest, e.latest)
	if e.soonest != 0 {
		e.soonest, e.latest = m.ExpiresAt, m.ExpiresAt
	}
}

func (t *target) learnVersion(what string, e *entry, version uint64) {
	switch {
	case e.isPending():
		t.check(version == 0, "%s has the version %d, and is not committed", what, version)
	case e.version == 0:
		t.check(version > e.after, "%s has the version %d; there was %d before it was written", what, version, e.after)
		e.version = version
		t.last = max(t.last, version)
	default:
		t.check(version == e.version, "%s has the version %d, and had %d", what, version, e.version)
	}
}

// wrote notes the version that a write told of.
func (t *target) wrote(what string, version uint64) {
	t.check(version > t.last, "%s has the version %d, after %d", what, version, t.last)
	t.last = max(t.last, version)
}

// check notes a failure unless ok. It returns ok.
func (t *target) check(ok bool, format string, args ...any) bool {
	if !ok {
		t.fail(format, args...)
	}
	return ok
}

func (t *target) fail(format string, args ...any) {
	if t.failure == "" {
		t.failure = fmt.Sprintf(format, args...)
	}
}

// say adds to what came of the operation.
func (t *target) say(args ...any) { t.said = fmt.Appendln(t.said, args...) }

// value compares a value with what it must be, and says it. A value that is found is
// not nil.
func (t *target) value(what string, got []byte, want *entry) {
	if want == nil {
		t.check(len(got) == 0, "%s gave %s, want nothing", what, show(string(got)))
		t.said = append(t.said, "nothing\n"...)
		return
	}
	t.check(got != nil && string(got) == want.value, "%s = %s, want %s", what, show(string(got)), show(want.value))
	t.said = append(append(t.said, got...), '\n')
}

// show is a short form of a key or value.
func show(s string) string {
	const most = 48
	if len(s) <= most {
		return strconv.QuoteToASCII(s)
	}
	return fmt.Sprintf("%s... (%d bytes)", strconv.QuoteToASCII(s[:most]), len(s))
}

// versionsInOrder checks that what was written later has a greater version.
func (t *target) versionsInOrder() {
	entries := slices.Clone(t.state.entries)
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.written, b.written) })
	var before *entry
	for _, e := range entries {
		if e.version == 0 {
			continue
		}
		if before != nil {
			t.check(before.version < e.version, "%s has the version %d, and %s, which was written before, %d",
				show(e.key), e.version, show(before.key), before.version)
		}
		before = e
	}
}
