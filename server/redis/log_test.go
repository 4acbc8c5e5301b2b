package redis

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/logtest"
	"github.com/mantisdb/mantisdb/server/acl"
)

// logged is a log that is read while it is written.
type logged struct{ logtest.Buffer }

// lines are those with a message.
func (l *logged) lines(t *testing.T, message string) (lines []map[string]any) {
	t.Helper()
	for _, text := range strings.Split(strings.TrimSpace(l.String()), "\n") {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); text != "" && err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

// want waits for a line with a message that names a client, and returns it.
func (l *logged) want(t *testing.T, message string) map[string]any {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		lines := l.lines(t, message)
		switch {
		case len(lines) == 1:
			if client, _ := lines[0]["client"].(string); !strings.HasPrefix(client, "127.0.0.1:") {
				t.Errorf("the client is %v: %v", lines[0]["client"], lines[0])
			}
			return lines[0]
		case len(lines) > 1 || time.Now().After(deadline):
			t.Fatalf("%d lines %q in\n%s", len(lines), message, l.String())
		}
	}
}

// newLoggedServer has the users "default", without a password, and "known".
func newLoggedServer(t *testing.T, limits Limits) (*testServer, *logged) {
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte("user default on nopass ~* &* +@all\nuser known on >s3cret ~* &* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := acl.LoadList(path)
	if err != nil {
		t.Fatal(err)
	}
	l := new(logged)
	return newTestServerWith(t, Config{Users: users, Limits: limits, Logger: slog.New(slog.NewJSONHandler(l, nil))}), l
}

// TestProblemsWithClientsAreLogged: each has one line, which tells of whom and why.
func TestProblemsWithClientsAreLogged(t *testing.T) {
	s, l := newLoggedServer(t, Limits{})
	c := s.dial(t)
	c.do("AUTH", "known", "s3cret-mistyped")
	if line := l.want(t, "a client could not authenticate"); line["user"] != "known" || line["level"] != "WARN" {
		t.Errorf("%v", line)
	}
	c.want("OK", "AUTH", "known", "s3cret")
	c.want("OK", "CONFIG", "SET", "requirepass", "s3cret-new")
	if line := l.want(t, "a parameter was set"); line["parameter"] != "requirepass" || line["user"] != "known" {
		t.Errorf("%v", line)
	}
	c.want("OK", "ACL", "LOAD")
	l.want(t, "the users were read anew")
	c.want("OK", "SET", "k", "s3cret-value")

	wrong := s.dial(t)
	wrong.write("*s3cret\r\n")
	if line := l.want(t, "a client sent what makes no sense, and was cut off"); line["error"] == "" {
		t.Errorf("%v", line)
	}
	wrong.wantNext(replyError("ERR Protocol error: invalid multibulk length"))
	web := s.dial(t)
	web.write("POST / HTTP/1.1\r\n\r\nSET k s3cret\r\n")
	l.want(t, "a request of HTTP came by the Redis protocol, and was cut off")
	killed := s.dial(t)
	killed.want("PONG", "PING")
	c.want(int64(1), "CLIENT", "KILL", "ADDR", killed.LocalAddr().String())
	if line := l.want(t, "a client was disconnected by another one"); line["client"] != killed.LocalAddr().String() || line["by"] != c.LocalAddr().String() {
		t.Errorf("%v", line)
	}
	if text := l.String(); strings.Contains(text, "s3cret") {
		t.Errorf("a secret is in the log:\n%s", text)
	}
}

// TestAPasswordInPlaceOfANameIsNotLogged: it is no user's name.
func TestAPasswordInPlaceOfANameIsNotLogged(t *testing.T) {
	s, l := newLoggedServer(t, Limits{})
	s.dial(t).do("AUTH", "s3cret", "known")
	if line := l.want(t, "a client could not authenticate"); line["user"] != "" || strings.Contains(l.String(), "s3cret") {
		t.Errorf("%v", line)
	}
}

func TestTooManyClientsAreLogged(t *testing.T) {
	s, l := newLoggedServer(t, Limits{MaxClients: 1})
	s.dial(t).want("PONG", "PING")
	for range 50 {
		s.dial(t).wantNext(replyError("ERR max number of clients reached"))
	}
	const message = "a client was refused, since there are too many"
	if n := len(l.lines(t, message)); n == 0 || n > 20 {
		t.Errorf("%d lines for 50 clients", n)
	}
	if line := l.lines(t, message)[0]; line["max_clients"] != float64(1) {
		t.Errorf("%v", line)
	}
}

func TestIdleClientsAreLogged(t *testing.T) {
	s, l := newLoggedServer(t, Limits{IdleTimeout: 50 * time.Millisecond})
	s.dial(t).wantClosed()
	if line := l.want(t, "a client that sent nothing was disconnected"); line["idle"] != "50ms" {
		t.Errorf("%v", line)
	}
}

func TestSlowReadersAreLogged(t *testing.T) {
	const message = "a client that does not read was cut off"
	s, l := newLoggedServer(t, Limits{OutputBuffer: 64 << 10})
	c, slow := s.dial(t), s.dial(t)
	slow.want([]any{"subscribe", "news", int64(1)}, "SUBSCRIBE", "news")
	text := strings.Repeat("x", 32<<10)
	for deadline := time.Now().Add(10 * time.Second); c.do("PUBLISH", "news", text) != int64(0); {
		if time.Now().After(deadline) {
			t.Fatal("a subscriber that does not read is not cut off")
		}
	}
	if line := l.want(t, message); line["client"] != slow.LocalAddr().String() || !strings.Contains(line["reason"].(string), "client-output-buffer") {
		t.Errorf("%v", line)
	}

	s, l = newLoggedServer(t, Limits{WriteTimeout: 100 * time.Millisecond})
	slow = s.dial(t)
	slow.want("OK", "SET", "k", strings.Repeat(text, 128))
	slow.write(strings.Repeat(command("GET", "k"), 16))
	if line := l.want(t, message); line["client"] != slow.LocalAddr().String() || !strings.Contains(line["reason"].(string), "takes nothing") {
		t.Errorf("%v", line)
	}
}
