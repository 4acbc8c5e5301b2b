package consensus

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/lni/dragonboat/v4/logger"
)

// The library has one logger for the process, which is to be set before it logs.
var (
	logTo      atomic.Pointer[slog.Logger]
	setFactory sync.Once
)

// useLogger has the library log to l from now on.
func useLogger(l *slog.Logger) {
	logTo.Store(l)
	setFactory.Do(func() {
		logger.SetLoggerFactory(func(name string) logger.ILogger { return libraryLogger(name) })
	})
}

// libraryLogger is the library's logger of one of its packages. What it calls information is
// of use to its authors.
type libraryLogger string

func (l libraryLogger) SetLevel(logger.LogLevel) {}

func (l libraryLogger) log(level slog.Level, format string, args []any) {
	to := logTo.Load()
	if to == nil || !to.Enabled(context.Background(), level) {
		return
	}
	to.Log(context.Background(), level, fmt.Sprintf(format, args...), "part", "consensus/"+string(l))
}

func (l libraryLogger) Debugf(format string, args ...any)   { l.log(slog.LevelDebug-4, format, args) }
func (l libraryLogger) Infof(format string, args ...any)    { l.log(slog.LevelDebug, format, args) }
func (l libraryLogger) Warningf(format string, args ...any) { l.log(slog.LevelDebug, format, args) }
func (l libraryLogger) Errorf(format string, args ...any)   { l.log(slog.LevelWarn, format, args) }

// Panicf is called where the library cannot go on.
func (l libraryLogger) Panicf(format string, args ...any) {
	l.log(slog.LevelError, format, args)
	panic(fmt.Sprintf(format, args...))
}
