package redis

import (
	"io"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
)

func TestHello(t *testing.T) {
	c := newTestServer(t).dial(t)
	fields := map[string]any{
		"server": "redis", "version": redisVersion, "proto": int64(3), "id": int64(1),
		"mode": "standalone", "role": "master", "modules": []any{},
	}
	c.want(fields, "HELLO", "3")
	c.want(nil, "GET", "absent")
	c.want(fields, "HELLO")
	c.want(replyError("NOPROTO unsupported protocol version"), "HELLO", "4")
	c.want(replyError("NOPROTO unsupported protocol version"), "HELLO", "-1")
	c.want(replyError("ERR Protocol version is not an integer or out of range"), "HELLO", "x")
	c.want(replyError("ERR Syntax error in HELLO option 'foo'"), "HELLO", "2", "foo")
	c.want(replyError("ERR Syntax error in HELLO option 'AUTH'"), "HELLO", "2", "AUTH", "default")
	c.want(replyError("ERR Client names cannot contain spaces, newlines or special characters."), "HELLO", "2", "SETNAME", "a b")
	c.want(fields, "HELLO")
	if list, ok := c.do("HELLO", "2", "SETNAME", "me").([]any); !ok || len(list) != 14 {
		t.Errorf("HELLO 2: %v", list)
	}
}

func TestHelloAuth(t *testing.T) {
	s := newTestServerWith(t, Config{Users: acl.NewList("secret")})
	c := s.dial(t)
	c.want(replyError("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"), "HELLO", "3")
	c.want(wrongPassword, "HELLO", "3", "AUTH", "default", "wrong")
	c.want(noAuth, "PING")
	if _, ok := c.do("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me").(map[string]any); !ok {
		t.Fatal("HELLO 3 AUTH is refused")
	}
	c.want("PONG", "PING")
	if list := s.clients.list(); len(list) != 1 || *list[0].name.Load() != "me" {
		t.Error("the client has no name")
	}
}

func TestReset(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.do("HELLO", "3", "SETNAME", "me")
	c.want("OK", "SELECT", "5")
	c.want("OK", "SET", "k", "5")
	c.want(push{"subscribe", "c", int64(1)}, "SUBSCRIBE", "c")
	c.want("OK", "MULTI")
	c.want("QUEUED", "GET", "k")
	c.want("RESET", "RESET")
	c.want(replyError("ERR EXEC without MULTI"), "EXEC")
	c.want(nil, "GET", "k")
	c.want(int64(0), "PUBLISH", "c", "m")
}

// TestQuit: the connection ends in order, although more was sent that is not executed.
func TestQuit(t *testing.T) {
	s := newTestServer(t)
	for range 20 {
		c := s.dial(t)
		long := make([]byte, 100_000)
		c.write(command("QUIT") + command("SET", "foo", string(long)))
		c.wantNext("OK")
		if reply, err := c.tryRead(10 * time.Second); err != io.EOF {
			t.Fatalf("read %v, %v", reply, err)
		}
	}
	s.dial(t).want(nil, "GET", "foo")
}

// TestCrossProtocol: a web page cannot have a browser send commands in a request's body.
func TestCrossProtocol(t *testing.T) {
	s := newTestServer(t)
	for _, request := range []string{"POST / HTTP/1.1\r\nset foo bar\r\n", "host: x\r\nset foo bar\r\n"} {
		c := s.dial(t)
		c.write(request)
		c.wantClosed()
	}
	s.dial(t).want(nil, "GET", "foo")
}
