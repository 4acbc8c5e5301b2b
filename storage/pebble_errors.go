package storage

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// translate gives Pebble's errors the names of this package.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("%w: %v", ErrCorrupt, err)
	case errors.Is(err, pebble.ErrClosed):
		return ErrClosed
	default:
		return fmt.Errorf("mantisdb: %w", err)
	}
}

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
// of Pebble stops where it is, before it can do harm.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	l.engine.fail(why)
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
