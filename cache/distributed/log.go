package distributed

import (
	"log/slog"
	"strings"
	"sync"

	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// logWriter passes on what Olric and its libraries log: lines with a level in brackets. What
// goes on in ordinary work is for debugging; whether nodes come and go, the cache tells itself.
// What is amiss may be the doing of whoever reaches the node, so only so many lines are written.
type logWriter struct {
	logger  *slog.Logger
	limited *loglimit.Logger
	begun   func()
}

// newLogWriter makes one that closes begun when Olric says that it has begun, which it tells
// in no other way that counts for one of several in a process.
func newLogWriter(logger *slog.Logger, begun chan<- struct{}) logWriter {
	return logWriter{logger, loglimit.New(logger), sync.OnceFunc(func() { close(begun) })}
}

// lastOfStart is in the last line that Olric's Start logs before it serves.
const lastOfStart = "Replication count is"

// Write implements io.Writer.
func (w logWriter) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if strings.Contains(text, lastOfStart) {
		w.begun()
	}
	if strings.Contains(text, "[ERROR]") || strings.Contains(text, "[ERR]") || strings.Contains(text, "[WARN]") {
		w.limited.Warn("Olric complains", "text", text)
	} else {
		w.logger.Debug("Olric tells", "text", text)
	}
	return len(line), nil
}
