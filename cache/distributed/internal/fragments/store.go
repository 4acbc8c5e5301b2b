package fragments

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Store is what a node has of the cache: its fragments, in one engine.
type Store struct {
	engine   storage.Engine
	id       uint32 // another one than any other node's has
	clock    clock
	lastID   atomic.Uint32 // of a fragment
	patience time.Duration

	beat  atomic.Int64 // when the last one came, or all was forgotten, nanoseconds since began
	began time.Time

	forgetting sync.Mutex
	lastBeat   int64         // when the last one came, as beat
	steadyAt   atomic.Int64  // from when on the node takes writes as an owner, as beat
	era        atomic.Uint64 // counts how often all was forgotten
}

// New is the store in an engine, which is the caller's to close after it. It forgets
// everything if Beat is not called for longer than patience, which is to be less than it takes
// nodes to give one up.
func New(engine storage.Engine, patience time.Duration) *Store {
	return &Store{engine: engine, id: rand.Uint32(), patience: patience, began: time.Now()}
}

// Beat says that the node takes part in the cluster at this moment. After too long without one,
// everything is forgotten once more: also what was stored since it was noticed that none came.
func (s *Store) Beat() {
	s.forgetting.Lock()
	defer s.forgetting.Unlock()
	now := int64(time.Since(s.began))
	if time.Duration(now-s.lastBeat) > s.patience {
		s.Forget()
		if s.lastBeat != 0 {
			s.steadyAt.Store(now + int64(2*s.patience))
		}
	}
	s.lastBeat = now
	s.beat.Store(now)
}

// check forgets everything if there was no beat for too long, and returns the era.
func (s *Store) check() uint64 {
	if s.late() {
		s.forgetting.Lock()
		defer s.forgetting.Unlock()
		if s.late() {
			s.Forget()
			s.beat.Store(int64(time.Since(s.began)))
		}
	}
	return s.era.Load()
}

// late tells whether the last beat is too long ago. The monotonic clock goes on while the
// process is paused.
func (s *Store) late() bool {
	return time.Since(s.began)-time.Duration(s.beat.Load()) > s.patience
}

// Forget makes all that is stored be absent at once, and its memory free soon after. When it was
// written fragments go on to know.
func (s *Store) Forget() {
	s.era.Add(1)
	// What fails here stays in memory until it is evicted: nobody asks for it any more.
	_ = s.deleteRange(storage.Range{})
}

// Steady tells whether the node takes writes as an owner: not for a while after beats did not come. The others
// may be about to give it up then. What it took would go with it, and what was there before, and on its
// way to it, come back.
func (s *Store) Steady() bool { return int64(time.Since(s.began)) >= s.steadyAt.Load() }

// Forgotten is how often all was forgotten.
func (s *Store) Forgotten() uint64 { return s.era.Load() }

// Stats are the engine's figures.
func (s *Store) Stats() (storage.Stats, error) { return s.engine.Stats() }

func (s *Store) deleteRange(r storage.Range) error {
	var b storage.Batch
	if err := b.DeleteRange(r.Start, r.End); err != nil {
		return err
	}
	if _, err := s.engine.Write(&b, storage.WriteOptions{}); err != nil {
		return fmt.Errorf("cannot drop what is not needed any more: %w", err)
	}
	return nil
}
