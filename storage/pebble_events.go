package storage

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleLogger passes on what Pebble has to tell.
type pebbleLogger struct{ engine *GoStorageEngine }

// Infof implements pebble.Logger.
func (l pebbleLogger) Infof(format string, args ...any) {
	l.engine.logger.Debug(fmt.Sprintf(format, args...))
}

// Errorf implements pebble.Logger.
func (l pebbleLogger) Errorf(format string, args ...any) {
	l.engine.logger.Error(fmt.Sprintf(format, args...))
}

// Fatalf implements pebble.Logger. Pebble calls it when it cannot go on, and
// relies on it not to return; a library must not end the process either. So the
// engine is poisoned, and then the call that brought us here ends in a panic
// that GoStorageEngine.leave turns into an error, while a background goroutine
// of Pebble stops for good where it is, before it can do harm.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	_ = l.engine.fail(errors.New(why))
	if calledByEngine() {
		panic(why)
	}
	select {}
}

// calledByEngine tells whether a call of GoStorageEngine is on the stack.
func calledByEngine() bool {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.Function, "storage.(*GoStorageEngine).") {
			return true
		}
		if !more {
			return false
		}
	}
}

// backgroundErrorPause is between two reports of errors in the background,
// which Pebble repeats without a pause, on a full disk for one.
const backgroundErrorPause = time.Second

// pebbleListener hears of what needs attention.
func pebbleListener(e *GoStorageEngine) *pebble.EventListener {
	var lastReport atomic.Int64
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			e.backgroundErrors.Add(1)
			now, last := time.Now().UnixNano(), lastReport.Load()
			if now-last > int64(backgroundErrorPause) && lastReport.CompareAndSwap(last, now) {
				e.logger.Error("writing in the background failed, will try again", "error", err.Error())
			}
		},
		// The read that came upon it returns ErrCorrupt; others can go on.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			e.logger.Error("corrupt data", "path", info.Path, "details", info.Details.Error())
		},
		CompactionBegin: func(info pebble.CompactionInfo) { e.jobs.begin(info.JobID, compactionOf(&info)) },
		CompactionEnd:   func(info pebble.CompactionInfo) { e.jobs.end(info.JobID) },
		FlushBegin: func(info pebble.FlushInfo) {
			e.jobs.begin(info.JobID, flushOf(&info))
			e.census.flushBegins(e.counters.tally())
		},
		FlushEnd: func(info pebble.FlushInfo) {
			e.jobs.end(info.JobID)
			if info.Err == nil {
				e.census.flushEnds()
			}
		},
		WriteStallBegin: func(pebble.WriteStallBeginInfo) { e.stalls.begin() },
		WriteStallEnd:   e.stalls.end,
	}
}

// stallClock adds up how long Pebble holds up writers.
type stallClock struct {
	mu    sync.Mutex
	since time.Time // zero unless a stall is on
	total time.Duration
}

func (s *stallClock) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Now()
}

func (s *stallClock) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.since.IsZero() {
		s.total += time.Since(s.since)
		s.since = time.Time{}
	}
}

// sum is the time of all stalls, one that is on included.
func (s *stallClock) sum() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return s.total
	}
	return s.total + time.Since(s.since)
}
