package httpapi

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/logtest"
	"github.com/mantisdb/mantisdb/server"
)

// logged is a log that is read while it is written.
type logged struct{ logtest.Buffer }

// want waits for a line with a message, and checks some of what it tells, and whose doing
// it was.
func (l *logged) want(t *testing.T, message string, values map[string]any) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		for text := range strings.Lines(l.String()) {
			var line map[string]any
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			client, _ := line["client"].(string)
			found := line["msg"] == message && strings.HasPrefix(client, "127.0.0.1:")
			for key, value := range values {
				found = found && line[key] == value
			}
			if found {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q with %v in\n%s", message, values, l.String())
		}
	}
}

func TestLog(t *testing.T) {
	l := new(logged)
	s := newServerWith(t, "user default off\nuser known on >s3cret ~* +@all\n")
	users := s.Config.Handler.(*Handler).users
	logger := slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	logs := serveHandler(t, NewHandler(server.NewLocal(s.db), logger, testAbout).WithUsers(users))
	right := []string{"Authorization", basic("known", "s3cret"), "Content-Type", "application/json"}

	logs.do("PUT", "/api/v1/kv/k", "s3cret-value", right...)
	l.want(t, "request", map[string]any{"method": "PUT", "path": "/api/v1/kv/k", "status": 204.0, "bytes": 0.0, "level": "DEBUG"})
	logs.do("GET", "/api/v1/kv/k", "", right...)
	l.want(t, "request", map[string]any{"method": "GET", "path": "/api/v1/kv/k", "status": 200.0, "bytes": float64(len("s3cret-value"))})
	logs.do("GET", "/api/v1/kv/k", "", "Authorization", basic("known", "s3cret-mistyped"))
	l.want(t, "a client could not authenticate", map[string]any{"user": "known", "level": "WARN"})
	logs.do("GET", "/api/v1/kv/k", "", "Authorization", "Bearer s3cret:known")
	l.want(t, "a client could not authenticate", map[string]any{"user": ""})
	logs.do("POST", "/api/v1/keyspaces", `{"name":"made"}`, right...)
	l.want(t, "a keyspace was created", map[string]any{"keyspace": "made", "user": "known"})
	logs.do("DELETE", "/api/v1/keyspaces/made", "", right...)
	l.want(t, "a keyspace was dropped", map[string]any{"keyspace": "made", "level": "INFO"})
	if text := l.String(); strings.Contains(text, "s3cret") {
		t.Errorf("a secret is in the log:\n%s", text)
	}
}
