package metamorphic

import (
	"cmp"

	"github.com/mantisdb/mantisdb"
)

var maintenanceKinds = []kind{
	{"compact", 1, (*generator).nothing, runCompact},
	{"sync", 2, (*generator).nothing, runSync},
	{"stats", 10, (*generator).nothing, runStats},
	{"reopen", 1, (*generator).reopen, runReopen},
}

func runCompact(t *target, _ *Op) {
	t.settleFor(soon)
	t.err("Compact", t.db.Compact(), nil)
}

func runSync(t *target, _ *Op) {
	t.settleFor(soon)
	t.err("Sync", t.db.Sync(), nil)
}

// runStats looks for figures that cannot be.
func runStats(t *target, _ *Op) {
	s, err := t.db.Stats()
	if !t.err("Stats", err, nil) {
		return
	}
	t.check(s.Engine == t.engine && t.db.Engine() == t.engine, "the engine is %s, want %s", s.Engine, t.engine)
	level := mantisdb.DurabilityMemory
	if t.onDisk() {
		level = cmp.Or(t.options.Durability, mantisdb.DurabilitySync)
	}
	t.check(s.Durability == level, "the durability is %v, want %v", s.Durability, level)
	t.check(t.options.Limit == 0 || !t.onDisk() || s.MemoryLimit == t.options.Limit, "the memory limit is %d, want %d", s.MemoryLimit, t.options.Limit)
	t.check((s.DiskBytes > 0) == t.onDisk(), "%d bytes on disk", s.DiskBytes)
	t.check(s.LastVersion >= t.last, "the last version is %d, after %d", s.LastVersion, t.last)
	t.check(s.OpenSnapshots == t.openSnapshots(), "%d snapshots are open, want %d", s.OpenSnapshots, t.openSnapshots())
	t.check(s.LeakedSnapshots == 0, "%d snapshots were leaked", s.LeakedSnapshots)
	t.check(s.GetHits <= s.Gets, "%d of %d keys looked up were found", s.GetHits, s.Gets)
	t.check(s.BackgroundErrors == 0, "%d errors in the background", s.BackgroundErrors)
	if !s.KeysEstimated {
		live := uint64(len(t.state.users(t.began)))
		t.check(s.Keys >= live, "%d keys are live, want at least %d", s.Keys, live)
	}
	for i, pair := range counters(t.stats, s) {
		t.check(pair[0] <= pair[1], "the counter %s fell from %d to %d", counterNames[i], pair[0], pair[1])
	}
	t.last, t.stats = max(t.last, s.LastVersion), s
}

var counterNames = []string{
	"gets", "get hits", "puts", "deletes", "batches", "scans", "scan keys", "expired", "reclaimed",
	"syncs", "flushes", "flushed bytes", "compactions", "compacted bytes", "stalls",
	"block cache hits", "block cache misses", "evicted",
}

// counters are what only grows, before and after.
func counters(a, b mantisdb.Stats) [][2]uint64 {
	return [][2]uint64{
		{a.Gets, b.Gets}, {a.GetHits, b.GetHits}, {a.Puts, b.Puts}, {a.Deletes, b.Deletes}, {a.Batches, b.Batches},
		{a.Scans, b.Scans}, {a.ScanKeys, b.ScanKeys}, {a.Expired, b.Expired}, {a.Reclaimed, b.Reclaimed},
		{a.Syncs, b.Syncs}, {a.Flushes, b.Flushes}, {a.FlushedBytes, b.FlushedBytes}, {a.Compactions, b.Compactions},
		{a.CompactedBytes, b.CompactedBytes}, {a.StallNanos, b.StallNanos},
		{a.BlockCacheHits, b.BlockCacheHits}, {a.BlockCacheMisses, b.BlockCacheMisses}, {a.Evicted, b.Evicted},
	}
}

// openSnapshots is how many snapshots there are, with those of transactions.
func (t *target) openSnapshots() (n uint64) {
	for _, s := range t.snapshots {
		if s != nil && !s.closed {
			n++
		}
	}
	for _, x := range t.transactions {
		if x != nil && x.view != nil && !x.done && !x.closed {
			n++
		}
	}
	return n
}

// runReopen closes the database, with what is open upon it, and opens it anew with
// other options. In memory there is nothing left to open, and it does nothing.
func runReopen(t *target, o *Op) {
	t.settleFor(soon)
	if !t.onDisk() {
		return
	}
	before := t.db
	if t.closeUnderOthers() {
		t.err("Get after Close", getError(before, o.Key), mantisdb.ErrClosed)
		t.err("Put after Close", before.Put(o.Key.Bytes(), nil), mantisdb.ErrClosed)
	}
	t.options = DiskOptions{o.Durability, o.Limit}
	if t.open(); t.db != nil {
		t.verify(t.db, &t.state)
		t.versionsInOrder()
	}
}

func getError(db *mantisdb.DB, key Blob) error {
	_, err := db.Get(key.Bytes())
	return err
}

// closeUnderOthers closes the database while there are snapshots, transactions and watches.
func (t *target) closeUnderOthers() bool {
	for _, s := range t.snapshots {
		if s != nil {
			s.closed = true
		}
	}
	for _, x := range t.transactions {
		if x != nil {
			x.closed = true
		}
	}
	for _, w := range t.watches {
		if w != nil {
			w.closed = true
		}
	}
	closed := t.err("Close", t.db.Close(), nil)
	t.err("Close again", t.db.Close(), nil)
	t.db = nil
	return closed
}
