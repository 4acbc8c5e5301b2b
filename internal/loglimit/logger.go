// Package loglimit keeps those who cause lines of a log from filling it.
package loglimit

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Of the lines with the same message, as many as burst are written in an interval.
const (
	burst    = 10
	interval = 10 * time.Second
)

// Logger writes to another logger what clients cause. Of each message only the first ten
// lines of ten seconds are written; the next one that is tells by "left_out" how many were
// not. Messages must be few, and texts of the program's own. It may be used from any number
// of goroutines.
type Logger struct {
	logger *slog.Logger

	mu       sync.Mutex
	messages map[string]*lines
	now      func() time.Time
}

// lines are those of one message.
type lines struct {
	since            time.Time // the interval
	written, leftOut int
}

// New makes a Logger that writes to another one.
func New(logger *slog.Logger) *Logger {
	return &Logger{logger: logger, messages: map[string]*lines{}, now: time.Now}
}

// Error writes a line of level error, with keys and values as slog has them.
func (l *Logger) Error(message string, args ...any) { l.log(slog.LevelError, message, args) }

// Warn writes a line of level warn, with keys and values as slog has them.
func (l *Logger) Warn(message string, args ...any) { l.log(slog.LevelWarn, message, args) }

// Info writes a line of level info, with keys and values as slog has them.
func (l *Logger) Info(message string, args ...any) { l.log(slog.LevelInfo, message, args) }

func (l *Logger) log(level slog.Level, message string, args []any) {
	if !l.logger.Enabled(context.Background(), level) {
		return
	}
	leftOut, ok := l.admit(message)
	if !ok {
		return
	}
	if leftOut > 0 {
		args = append(args[:len(args):len(args)], "left_out", leftOut)
	}
	l.logger.Log(context.Background(), level, message, args...)
}

// admit tells whether a line may be written, and how many before it were not.
func (l *Logger) admit(message string) (leftOut int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.messages[message]
	if m == nil {
		m = new(lines)
		l.messages[message] = m
	}
	if now := l.now(); now.Sub(m.since) >= interval {
		m.since, m.written = now, 0
	}
	if m.written == burst {
		m.leftOut++
		return 0, false
	}
	m.written++
	leftOut, m.leftOut = m.leftOut, 0
	return leftOut, true
}

// Client is how lines tell of the client at an address. Those of a Unix socket have none.
func Client(address net.Addr) string {
	if address == nil {
		return "@"
	}
	return cmp.Or(address.String(), "@")
}
