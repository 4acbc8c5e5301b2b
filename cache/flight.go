package cache

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// flights are the loads that run, at most one of a key.
//
// The rule of loads and writes: a load that had begun when a write of its key began
// (Set, SetIfAbsent, Delete, or the deletion of its prefix, of a tag that the loaded
// value carries, or of all) is not stored, and whoever comes after that write does not
// wait for it. Only those who came before get its value.
//
// It holds because a write first detaches the load, under the lock under which a load
// looks whether it was detached and is stored; so what was stored before is overwritten
// or deleted by the write. A load that begins later begins after the write did, and is
// stored only where there is nothing.
type flights struct {
	active    atomic.Int64 // loads that a write might have to detach
	loads     atomic.Uint64
	failed    atomic.Uint64
	overtaken atomic.Uint64
	seed      maphash.Seed
	stripes   [flightStripes]flightStripe
}

const flightStripes = 64

type flightStripe struct {
	sync.Mutex
	byKey map[string]*flight
	_     [64 - 16]byte // a cache line each
}

// flight is a load that runs, or has run.
type flight struct {
	key  string
	done chan struct{}

	// Guarded by the stripe's lock until done is closed, and settled then.
	detached bool
	dropped  map[string]int // tags that were dropped since it began, numbered as they came; nil if none

	// Settled before done is closed.
	tags  []string
	value []byte
	err   error
	panic *LoadPanic
	again bool // the key was in the cache when it began: nothing was loaded
}

func (fs *flights) init() {
	fs.seed = maphash.MakeSeed()
	for i := range fs.stripes {
		fs.stripes[i].byKey = make(map[string]*flight)
	}
}

func (fs *flights) stripe(key []byte) *flightStripe {
	return &fs.stripes[maphash.Bytes(fs.seed, key)%flightStripes]
}

// ticket is a place in a flight.
type ticket struct {
	*flight
	begun   bool // by the holder, who has to run it
	dropped int  // how many of the flight's dropped tags were dropped before
}

// join takes part in the flight of a key, which it begins if there is none.
func (fs *flights) join(key []byte) ticket {
	s := fs.stripe(key)
	s.Lock()
	defer s.Unlock()
	if f := s.byKey[string(key)]; f != nil {
		return ticket{flight: f, dropped: len(f.dropped)}
	}
	fs.active.Add(1)
	f := &flight{key: string(key), done: make(chan struct{})}
	s.byKey[f.key] = f
	return ticket{flight: f, begun: true}
}

// land ends a flight. store is called under the lock, unless a write came in between.
func (fs *flights) land(f *flight, store func()) {
	s := fs.stripe([]byte(f.key))
	s.Lock()
	defer s.Unlock()
	switch {
	case f.detached || f.drops(len(f.dropped)):
		if store != nil {
			fs.overtaken.Add(1)
		}
	case store != nil:
		store()
	}
	fs.remove(s, f)
	close(f.done)
}

// drops tells whether one of the first n dropped tags is one of the loaded value's.
func (f *flight) drops(n int) bool {
	return slices.ContainsFunc(f.tags, func(tag string) bool {
		number, dropped := f.dropped[tag]
		return dropped && number < n
	})
}

// drop notes a tag that is dropped, once: who joined before that does not mind a second
// time, and who joins later looks again anyhow.
func (f *flight) drop(tag string) {
	if _, known := f.dropped[tag]; known {
		return
	}
	if f.dropped == nil {
		f.dropped = make(map[string]int)
	}
	f.dropped[strings.Clone(tag)] = len(f.dropped)
}

// stale tells, once the flight has landed, that its value had been invalidated when the
// holder of the ticket came.
func (t ticket) stale() bool { return t.again || t.drops(t.dropped) }

// remove makes a flight one that nobody can join any more. The stripe is locked.
func (fs *flights) remove(s *flightStripe, f *flight) {
	if s.byKey[f.key] == f {
		delete(s.byKey, f.key)
		fs.active.Add(-1)
	}
}

// detach is called before a key is written.
func (fs *flights) detach(key []byte) {
	if fs.active.Load() == 0 {
		return
	}
	s := fs.stripe(key)
	s.Lock()
	defer s.Unlock()
	if f := s.byKey[string(key)]; f != nil {
		f.detached = true
		fs.remove(s, f)
	}
}

// detachPrefix is called before all keys of a prefix are deleted.
func (fs *flights) detachPrefix(prefix []byte) {
	fs.each(func(s *flightStripe, f *flight) {
		if bytes.HasPrefix([]byte(f.key), prefix) {
			f.detached = true
			fs.remove(s, f)
		}
	})
}

// dropTag is called before a tag is deleted. Which tags a load will bring is not known
// yet, so it goes on and may be joined; who joins now will look again at its end.
func (fs *flights) dropTag(tag string) {
	fs.each(func(_ *flightStripe, f *flight) { f.drop(tag) })
}

// each visits the flights that run, each under its lock.
func (fs *flights) each(visit func(*flightStripe, *flight)) {
	if fs.active.Load() == 0 {
		return
	}
	for i := range fs.stripes {
		s := &fs.stripes[i]
		s.Lock()
		for _, f := range s.byKey {
			visit(s, f)
		}
		s.Unlock()
	}
}
