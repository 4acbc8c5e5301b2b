package storage

import (
	"errors"
	"sync/atomic"
	"time"
)

// Deleted values leave the tables when the deletions reach them. So that this
// does not wait for further writes, the memtable is flushed reclaimDelay after a
// deletion if its deletions are worth about reclaimWorth bytes.
const (
	reclaimDelay = 2 * time.Second
	reclaimWorth = 1 << 20
)

// reclaimer sees to it that the space of what was deleted comes back.
type reclaimer struct {
	due atomic.Bool
}

// expect says that something was deleted.
func (r *reclaimer) expect(e *GoStorageEngine) {
	if r.due.Load() || !r.due.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(reclaimDelay, func() {
		r.due.Store(false)
		err := e.flushDeletions()
		if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrPoisoned) {
			e.logger.Error("flushing deletions failed", "error", err)
		}
	})
}

// flushDeletions sends deletions on their way to the tables that hold what they
// delete, if that is worth it: its space comes back without further writes.
func (e *GoStorageEngine) flushDeletions() (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	c, err := e.contents()
	if err != nil {
		return err
	}
	if !c.complete || e.db.Metrics().Flush.NumInProgress > 0 {
		e.reclaimer.expect(e) // what is deleted may be on its way to a table
		return nil
	}
	all := c.memtables.plus(c.tables)
	worth := uint64(0)
	if all.records() > 0 {
		worth = c.memtables.deletes * (all.bytes / all.records())
	}
	if c.memtables.ranges > 0 {
		worth = all.bytes // what a range holds is not known
	}
	if worth < reclaimWorth {
		return nil
	}
	_, err = e.db.AsyncFlush()
	return translate(err)
}
