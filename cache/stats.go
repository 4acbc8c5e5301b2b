package cache

import "time"

// Stats are a cache's figures. Those that count events do so since the cache was made;
// all are of one moment only while nobody uses the cache.
type Stats struct {
	Engine string // EngineRust or EngineGo
	Budget uint64 // bytes
	// Bytes is what counts against the budget: data, and what it takes to keep it.
	Bytes uint64
	// RetiredBytes are those of Bytes that belong to what has left and that a read may
	// still have; 0 in the Go engine.
	RetiredBytes uint64
	// DataBytes are those of the keys and values alone.
	DataBytes uint64
	// Entries may count some that have expired and were not removed yet.
	Entries uint64

	Hits    uint64 // reads of a key that found it; Has does not count
	Misses  uint64 // reads of a key that did not
	Sets    uint64 // entries stored
	Refused uint64 // ErrTooLarge

	// Why entries left, see Cause.
	Evicted, Expired, Replaced, Removed, Invalidated uint64

	// EvictedAge is how long those that the budget was needed for had been there, on
	// average; 0 in the Go engine.
	EvictedAge time.Duration

	Loads      uint64 // by GetOrLoad and its kin; one for all who waited for it
	LoadErrors uint64 // loads that failed or panicked; ErrNotFound is no failure
	Overtaken  uint64 // loads whose value was not stored, since its key was written or deleted meanwhile
}

// HitRatio is the share of reads that found their key, from 0 to 1; 0 if there were
// none.
func (s *Stats) HitRatio() float64 {
	if s.Hits == 0 {
		return 0
	}
	return float64(s.Hits) / float64(s.Hits+s.Misses)
}
