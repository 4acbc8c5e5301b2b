package storage

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// logSyncDelay is how long a sync of the log may be put off. With the time that
// the sync itself takes it stays below the second that DurabilityBuffered
// promises.
const logSyncDelay = 500 * time.Millisecond

// logSyncs decides which of Pebble's syncs of its log reach the disk.
//
// Pebble's log is written in the background, and the one thing it tells about
// that is that a sync has come to its end. So a buffered write asks for a sync
// too, which tells that the operating system has the write. But the log's files
// put it off, unless somebody is waiting for the disk. All writers of a group
// that has one such among them wait for the disk with it.
type logSyncs struct {
	// pressing counts the calls that wait for the disk. Each is counted before
	// its record is handed to the log, and until its sync has returned: so the
	// sync that the record is in finds it counted.
	pressing atomic.Int64
	// waitedFor counts the syncs that somebody waited for.
	waitedFor atomic.Uint64
	// waitedNanos is how long those took, in sum.
	waitedNanos atomic.Uint64
}

// press says that the caller waits for the disk if its write is of level
// DurabilitySync. What it returns must be called when the wait is over.
func (s *logSyncs) press(level Durability) (release func()) {
	if level != DurabilitySync {
		return func() {}
	}
	s.pressing.Add(1)
	return s.release
}

func (s *logSyncs) release() { s.pressing.Add(-1) }

// isLog tells whether a file of Pebble's is one of its log.
func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// logFile is a file of the log, whose syncs may be put off. Closing it makes up
// for that, so that what a later file has is never on disk before what this one
// has.
type logFile struct {
	*failStopFile
	syncs *logSyncs

	mu        sync.Mutex
	dirty     bool // a sync was put off and is still to be done
	scheduled bool // a timer will do it
	// syncing is held by the timer's sync, so that the file is not closed under it.
	syncing sync.Mutex
	closed  bool // under syncing
}

var _ vfs.File = (*logFile)(nil)

// Sync implements vfs.File.
func (f *logFile) Sync() error { return f.SyncData() }

// SyncData implements vfs.File.
func (f *logFile) SyncData() error {
	if f.syncs.pressing.Load() == 0 && f.disk.opened.Load() {
		f.syncLater()
		return nil
	}
	began := time.Now()
	err := f.syncNow()
	f.syncs.waitedNanos.Add(uint64(time.Since(began)))
	f.syncs.waitedFor.Add(1)
	return err
}

// syncNow makes durable all that was written before the call.
func (f *logFile) syncNow() error {
	f.mu.Lock()
	f.dirty = false
	f.mu.Unlock()
	return f.failStopFile.SyncData()
}

func (f *logFile) syncLater() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirty = true
	if !f.scheduled {
		f.scheduled = true
		time.AfterFunc(logSyncDelay, f.syncOverdue)
	}
}

// syncOverdue does what was put off, unless it was done or the file closed
// meanwhile. A failure freezes the disk and poisons the engine, as any other.
func (f *logFile) syncOverdue() {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	f.scheduled = false
	due := f.dirty
	f.mu.Unlock()
	if due && !f.closed {
		_ = f.syncNow() // the file system reports it
	}
}

// Close implements vfs.File.
func (f *logFile) Close() error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	due := f.dirty
	f.mu.Unlock()
	if due {
		_ = f.syncNow()
	}
	f.closed = true
	return f.failStopFile.Close()
}
