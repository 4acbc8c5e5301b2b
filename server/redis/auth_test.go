package redis

import (
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/server/acl"
)

const noAuth = replyError(errNoAuth)
const wrongPassword = replyError(errWrongPassword)

func TestAuth(t *testing.T) {
	s := newTestServerWith(t, Config{Users: acl.NewList("foo\x00bar")})
	c := s.dial(t)
	c.want(noAuth, "SET", "k", "v")
	c.want(noAuth, "GET", "k")
	c.want(noAuth, "PING")
	c.want(noAuth, "SUBSCRIBE", "c")
	c.want(noAuth, "MULTI")
	c.want(replyError("EXECABORT Transaction discarded because of: NOAUTH Authentication required."), "EXEC")
	c.want(replyError("ERR unknown command 'foo', with args beginning with: "), "foo")
	c.want(replyError(errSyntax), "AUTH", "a", "b", "c")
	c.want(wrongPassword, "AUTH", "foo")
	c.want(wrongPassword, "AUTH", "")
	c.want(wrongPassword, "AUTH", "default", "foo\x00bax")
	c.want(wrongPassword, "AUTH", "other", "foo\x00bar")
	c.want(noAuth, "GET", "k")
	c.want("OK", "AUTH", "foo\x00bar")
	c.want("OK", "SET", "k", "v")
	c.want(wrongPassword, "AUTH", "no")
	c.want("v", "GET", "k")
	c.want("RESET", "RESET")
	c.want(noAuth, "GET", "k")
	c.want("OK", "AUTH", "default", "foo\x00bar")
	c.want("v", "GET", "k")
	c.want("OK", "QUIT")
	c.wantClosed()
}

func TestAuthWithoutPassword(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want(replyError("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"), "AUTH", "x")
	c.want("OK", "AUTH", "default", "x")
	c.want(wrongPassword, "AUTH", "other", "x")
}

func TestPasswordChange(t *testing.T) {
	s := newTestServer(t)
	before := s.dial(t)
	before.want("PONG", "PING")
	s.setPassword("new")
	before.want("PONG", "PING")
	after := s.dial(t)
	after.want(noAuth, "PING")
	if s.passwordText() != "new" {
		t.Errorf("the password is %q", s.passwordText())
	}
	s.setPassword("")
	after.want("PONG", "PING")
	after.want("OK", "SET", "long", strings.Repeat("x", 100_000))
}

// TestUnauthenticatedLimits: who has not said the password cannot have the server keep
// much.
func TestUnauthenticatedLimits(t *testing.T) {
	s := newTestServerWith(t, Config{Users: acl.NewList("secret")})
	for _, c := range []struct{ sent, want string }{
		{"*11\r\n", "ERR Protocol error: unauthenticated multibulk length"},
		{"*1\r\n$16385\r\n", "ERR Protocol error: unauthenticated bulk length"},
	} {
		conn := s.dial(t)
		conn.write(c.sent)
		conn.wantNext(replyError(c.want))
		conn.wantClosed()
	}
	conn := s.dial(t)
	// The limits end with the password, in the middle of a pipeline.
	long := strings.Repeat("x", 100_000)
	conn.write(command("AUTH", "secret") + command("ECHO", long) + command("DEL", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))
	conn.wantNext("OK")
	conn.wantNext(long)
	conn.wantNext(int64(0))
	conn.want("RESET", "RESET")
	conn.write("*1\r\n$16385\r\n")
	conn.wantNext(replyError("ERR Protocol error: unauthenticated bulk length"))
}
