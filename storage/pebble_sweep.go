package storage

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// A sweep goes in pages, which bound how long it keeps Close waiting and how
// many keys' writers it delays at once.
const (
	sweepPageEntries = 4096
	sweepPageExpired = 256
)

// A sweep rests sweepRest times as long as it worked, and sweepPause at least
// between two rounds: expiry takes no more than about a tenth of one core.
const (
	sweepRest     = 9
	sweepPause    = 100 * time.Millisecond
	sweepMaxSleep = time.Minute // then look at the wall clock again
)

// noExpiry is the expiry of values that have none, to the sweeper.
const noExpiry = math.MaxInt64

// sweeper deletes expired values, so that their space comes back without a
// read. It sleeps until the earliest expiry that may exist, and for good if no
// value has one.
type sweeper struct {
	due  atomic.Int64  // earliest expiry that may exist; noExpiry if none does
	wake chan struct{} // due was lowered
	quit chan struct{}
	once sync.Once // closes quit
	done chan struct{}
}

// start begins to sweep. A store that was not empty may hold expired values, so
// the first round comes at once.
func (s *sweeper) start(e *GoStorageEngine) {
	s.wake, s.quit, s.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	if !e.durable {
		s.due.Store(noExpiry)
	}
	go s.run(e)
}

// stop ends the sweeper and waits for it. It may be called again.
func (s *sweeper) stop() {
	s.once.Do(func() { close(s.quit) })
	<-s.done
}

// expect tells the sweeper that a value with an expiry was written; 0 is none.
func (s *sweeper) expect(expiresAt int64) {
	if expiresAt == 0 {
		return
	}
	for {
		due := s.due.Load()
		if expiresAt >= due {
			return
		}
		if s.due.CompareAndSwap(due, expiresAt) {
			select {
			case s.wake <- struct{}{}:
			default:
			}
			return
		}
	}
}

func (s *sweeper) run(e *GoStorageEngine) {
	defer close(s.done)
	for s.sleepUntilDue() {
		s.due.Store(noExpiry) // lowered by what is written from here on
		next, err := s.sweep(e)
		if errors.Is(err, ErrClosed) || errors.Is(err, ErrPoisoned) {
			return
		}
		if err != nil {
			e.logger.Error("sweeping expired keys failed, will try again", "error", err)
			next = Now() + sweepMaxSleep.Milliseconds()
		}
		s.expect(next)
		if !s.sleep(sweepPause) {
			return
		}
	}
}

// sleepUntilDue returns true once the earliest expiry has passed, false when
// the sweeper is to end.
func (s *sweeper) sleepUntilDue() bool {
	for {
		wait := s.due.Load() - Now()
		if wait <= 0 {
			return true
		}
		timer := time.NewTimer(min(time.Duration(min(wait, sweepMaxSleep.Milliseconds()))*time.Millisecond, sweepMaxSleep))
		select {
		case <-s.quit:
			timer.Stop()
			return false
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// sleep returns false if the sweeper is to end.
func (s *sweeper) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.quit:
		return false
	case <-timer.C:
		return true
	}
}

// sweep goes through all values with an expiry once, and returns the earliest
// expiry that is still to come.
func (s *sweeper) sweep(e *GoStorageEngine) (earliest int64, err error) {
	earliest = noExpiry
	page := sweepPage{from: []byte{userSpace}}
	for page.from != nil {
		began := time.Now()
		if err := e.sweepPage(&page); err != nil {
			return 0, err
		}
		earliest = min(earliest, page.earliest)
		if page.from != nil && !s.sleep(sweepRest*time.Since(began)) {
			return 0, ErrClosed
		}
	}
	return earliest, nil
}

// sweepPage is one step of a sweep.
type sweepPage struct {
	from     []byte   // where in Pebble to go on; nil at the end
	earliest int64    // of the expiries seen that are still to come
	expired  [][]byte // user keys
}

// sweepPage reads one page, deletes what has expired in it and moves on.
func (e *GoStorageEngine) sweepPage(p *sweepPage) (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	if err := e.readSweepPage(p); err != nil {
		return err
	}
	return e.reclaim(p.expired)
}

func (e *GoStorageEngine) readSweepPage(p *sweepPage) error {
	p.earliest, p.expired = noExpiry, p.expired[:0]
	iter, err := e.db.NewIter(&pebble.IterOptions{
		LowerBound:      p.from,
		UpperBound:      []byte{userSpace + 1},
		PointKeyFilters: append(make([]pebble.BlockPropertyFilter, 0, 2), expiryFilter()),
	})
	if err != nil {
		return translate(err)
	}
	defer iter.Close()
	p.from = nil
	seen := 0
	for ok := iter.First(); ok; ok = iter.Next() {
		if seen++; seen > sweepPageEntries || len(p.expired) == sweepPageExpired {
			p.from = append([]byte(nil), iter.Key()...)
			break
		}
		record, err := iter.ValueAndErr()
		if err != nil {
			return translate(err)
		}
		_, m, err := parseRecord(record)
		switch {
		case err != nil:
			return err
		case expired(m.ExpiresAt):
			p.expired = append(p.expired, append([]byte(nil), iter.Key()[1:]...))
		case m.ExpiresAt != 0:
			p.earliest = min(p.earliest, m.ExpiresAt)
		}
	}
	return translate(iter.Error())
}

// reclaim deletes those of keys whose newest value has expired. The filter of a
// sweep may show it a value that was since overwritten or deleted, so each is
// looked at again under its lock.
func (e *GoStorageEngine) reclaim(keys [][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	var stripes stripeSet
	for _, key := range keys {
		e.keys.add(&stripes, key)
	}
	e.keys.lock(&stripes)
	defer e.keys.unlock(&stripes)
	b := e.db.NewBatch()
	defer b.Close()
	count := 0
	for _, key := range keys {
		dead := false
		_, err := viewRecord(e.db, key, func(_ []byte, m Meta) { dead = expired(m.ExpiresAt) })
		if err != nil {
			return err
		}
		if !dead {
			continue
		}
		if err := batchDelete(b, key); err != nil {
			return err
		}
		count++
	}
	// Not synced: what a crash brings back is expired still.
	if err := e.db.Apply(b, pebble.NoSync); err != nil {
		return translate(err)
	}
	e.counters.expired.Add(uint64(count))
	return nil
}
