package distributed

import (
	"context"
	"log/slog"
	"strings"
)

// logWriter passes on what Olric and its libraries log: lines with a level in brackets. What
// goes on in ordinary work is for debugging; whether nodes come and go, the cache tells itself.
type logWriter struct{ logger *slog.Logger }

// Write implements io.Writer.
func (w logWriter) Write(line []byte) (int, error) {
	level, text := slog.LevelDebug, strings.TrimSpace(string(line))
	switch {
	case strings.Contains(text, "[ERROR]"), strings.Contains(text, "[ERR]"), strings.Contains(text, "[WARN]"):
		level = slog.LevelWarn
	}
	w.logger.Log(context.Background(), level, "olric: "+text)
	return len(line), nil
}
