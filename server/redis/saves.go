package redis

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// saves are what SAVE, BGSAVE and BGREWRITEAOF do and have done. What is written is
// durable without them, as the database's durability says: a save makes all of it durable
// now, and a checkpoint where there is a place for one.
type saves struct {
	checkpoint func(name string) error // may be nil
	last       atomic.Int64            // Unix seconds, of the newest save
	mu         sync.Mutex
	figures    figures.Saves
}

const errSaveRunning Error = "ERR Background save already in progress"

func (s *saves) snapshot() figures.Saves {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.figures
	f.Last = time.Unix(s.last.Load(), 0)
	return f
}

// lastSaveSeconds is how long the last save took, -1 if there was none.
func lastSaveSeconds(f *figures.Saves) int64 {
	if f.Done == 0 {
		return -1
	}
	return wholeSeconds(f.Took)
}

// currentSaveSeconds is how long the save has run that is under way, -1 if there is none.
func currentSaveSeconds(f *figures.Saves, now time.Time) int64 {
	if !f.Running {
		return -1
	}
	return wholeSeconds(now.Sub(f.Began))
}

// changesOf is how many writes a database has counted.
func changesOf(d *mantisdb.Stats) uint64 { return d.Puts + d.Deletes + d.RangeDeletes }

// beginSave keeps others from saving at the same time.
func (s *saves) beginSave() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.figures.Running {
		return errSaveRunning
	}
	s.figures.Running, s.figures.Began = true, time.Now()
	return nil
}

// save makes everything durable, and a checkpoint that is named by the time. beginSave
// has allowed it.
func (s *Server) save() error {
	stats, err := s.db.Stats()
	if err == nil {
		err = s.db.Sync()
	}
	if err == nil && s.saves.checkpoint != nil {
		err = s.saves.checkpoint("redis-" + time.Now().UTC().Format("20060102T150405.000000Z"))
	}
	s.saves.endSave(&stats, err)
	return err
}

func (s *saves) endSave(stats *mantisdb.Stats, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.figures
	f.Running, f.Failed = false, err != nil
	if err != nil {
		return
	}
	now := time.Now()
	f.Took, f.Changes = now.Sub(f.Began), changesOf(stats)
	f.Done++
	s.last.Store(now.Unix())
}

// checkSave refuses to save what is in memory alone: what has no files. That writes do not
// wait for them, as in DurabilityMemory, is rather a reason to save.
func (s *Server) checkSave() error {
	if s.routing != nil {
		return Error("ERR a cluster is not saved: each shard is on the disks of its replicas")
	}
	stats, err := s.db.Stats()
	if err == nil && stats.DiskBytes == 0 {
		err = Error("ERR all data is in memory alone: there is no place to save it to")
	}
	return err
}

func saveCommand(r *Request) error {
	if err := r.server.checkSave(); err != nil {
		return err
	}
	if err := r.server.saves.beginSave(); err != nil {
		return err
	}
	if err := r.server.save(); err != nil {
		return err
	}
	r.out.OK()
	return nil
}

// backgroundSave is BGSAVE [SCHEDULE].
func backgroundSave(r *Request) error {
	if len(r.args) > 2 || len(r.args) == 2 && !is(r.args[1], "SCHEDULE") {
		return errSyntax
	}
	s := r.server
	if err := s.checkSave(); err != nil {
		return err
	}
	if err := s.saves.beginSave(); err != nil {
		return err
	}
	go func() {
		if err := s.save(); err != nil {
			s.logger.Error("a background save failed", "error", err.Error())
		}
	}()
	r.out.Simple("Background saving started")
	return nil
}

// backgroundCompaction is BGREWRITEAOF: as a rewritten log, what was deleted or
// overwritten gives its space back.
func backgroundCompaction(r *Request) error {
	s := r.server
	if !s.saves.setCompacting(true, nil) {
		return Error("ERR Background append only file rewriting already in progress")
	}
	go func() {
		err := s.db.Compact()
		if err != nil {
			s.logger.Error("a background compaction failed", "error", err.Error())
		}
		s.saves.setCompacting(false, err)
	}()
	r.out.Simple("Background append only file rewriting started")
	return nil
}

// setCompacting tells that a compaction begins or has ended, and whether that is a change.
func (s *saves) setCompacting(compacting bool, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.figures.Compacting != compacting
	s.figures.Compacting = compacting
	if !compacting {
		s.figures.CompactionFailed = err != nil
	}
	return changed
}

func lastSave(r *Request) error {
	r.out.Int(r.server.saves.last.Load())
	return nil
}
