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
// many keys' writers it delays at once. After each it rests sweepRest times as
// long as it worked: expiry takes no more than about a quarter of one core.
const (
	sweepPage     = 256
	sweepRest     = 3
	sweepMaxSleep = time.Minute // then look at the wall clock again
)

// noExpiry is when a note comes due that never does.
const noExpiry = math.MaxInt64

// sweeper deletes expired values, so that their space comes back without a
// read. It sleeps until the earliest note comes due, and for good if there is
// none.
type sweeper struct {
	due  atomic.Int64  // when the earliest note comes due; noExpiry if none does
	wake chan struct{} // due was lowered
	quit chan struct{}
	once sync.Once // closes quit
	done chan struct{}
}

// start begins to sweep. On disk there may be notes already, so the first look
// comes at once.
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

// expect tells the sweeper of a note, once it is visible.
func (s *sweeper) expect(due int64) {
	for {
		earliest := s.due.Load()
		if due >= earliest {
			return
		}
		if s.due.CompareAndSwap(earliest, due) {
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
		began := time.Now()
		next, err := e.sweep()
		if errors.Is(err, ErrClosed) || errors.Is(err, ErrPoisoned) {
			return
		}
		if err != nil {
			e.logger.Error("sweeping expired keys failed, will try again", "error", err)
			next = Now() + sweepMaxSleep.Milliseconds()
		}
		s.expect(next)
		if !s.sleep(sweepRest * time.Since(began)) {
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

// sweep deletes what has expired of a page of notes that came due, with the
// notes. It returns when the next one comes due, which may be past.
func (e *GoStorageEngine) sweep() (next int64, err error) {
	if err := e.enter(); err != nil {
		return 0, err
	}
	defer e.leave(&err)
	notes, next, err := e.dueNotes()
	if err != nil || len(notes) == 0 {
		return next, err
	}
	return next, e.settle(notes)
}

// dueNotes reads a page of notes that came due, and when the one after comes.
func (e *GoStorageEngine) dueNotes() (due []note, next int64, err error) {
	iter, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte{expirySpace}, UpperBound: []byte{expirySpace + 1}})
	if err != nil {
		return nil, 0, translate(err)
	}
	defer iter.Close()
	now := Now()
	for ok := iter.First(); ok; ok = iter.Next() {
		n, err := parseNote(iter.Key())
		if err != nil {
			return nil, 0, err
		}
		if n.due > now || len(due) == sweepPage {
			return due, n.due, nil
		}
		due = append(due, n)
	}
	return due, noExpiry, translate(iter.Error())
}

// settle deletes the keys whose newest value has expired, of those that notes
// are about, and the notes. A value may have been overwritten or deleted since,
// so each is looked at under its lock. One that is still alive has another note,
// which comes due later.
func (e *GoStorageEngine) settle(notes []note) error {
	var stripes stripeSet
	for _, n := range notes {
		e.keys.add(&stripes, n.key)
	}
	e.keys.lock(&stripes)
	defer e.keys.unlock(&stripes)
	b := e.db.NewBatch()
	defer b.Close()
	expired := make(map[string]struct{})
	for _, n := range notes {
		if _, deleted := expired[string(n.key)]; !deleted {
			deleted, err := e.deleteExpired(b, n.key)
			if err != nil {
				return err
			}
			if deleted {
				expired[string(n.key)] = struct{}{}
			}
		}
		if err := batchDeleteNote(b, n); err != nil {
			return err
		}
	}
	e.commits.RLock()
	defer e.commits.RUnlock()
	// Not synced: what a crash brings back has expired still.
	if err := e.db.Apply(b, pebble.NoSync); err != nil {
		return translate(err)
	}
	e.counters.expired.Add(uint64(len(expired)))
	e.reclaimer.expect(e)
	return nil
}

// deleteExpired adds the deletion of key to a batch if its value has expired.
// The value's size tells Pebble what there is to gain by a compaction.
func (e *GoStorageEngine) deleteExpired(b *pebble.Batch, key []byte) (deleted bool, err error) {
	size := 0
	_, err = viewRecord(e.db, key, func(value []byte, m Meta) {
		size, deleted = recordHeaderLen+len(value), Expired(m.ExpiresAt)
	})
	if err != nil || !deleted {
		return false, err
	}
	op := b.DeleteSizedDeferred(1+len(key), uint32(size))
	op.Key[0] = userSpace
	copy(op.Key[1:], key)
	return true, op.Finish()
}
