package redis

import (
	"strings"
	"testing"
	"time"
)

func TestConfigGet(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want([]any{"timeout", "0"}, "CONFIG", "GET", "timeout")
	c.want([]any{"TimeOut", "0"}, "CONFIG", "GET", "TimeOut")
	c.want([]any{"slowlog-log-slower-than", "10000", "slowlog-max-len", "128"}, "CONFIG", "GET", "slowlog*", "SLOWLOG-max-???")
	c.want([]any{}, "CONFIG", "GET", "nosuch")
	c.want([]any{"databases", "16"}, "CONFIG", "GET", "databases")
	c.want([]any{"appendonly", "no"}, "CONFIG", "GET", "appendonly")
	c.want([]any{"save", ""}, "CONFIG", "GET", "save")
}

func TestConfigSetIsAllOrNothing(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "CONFIG", "SET", "timeout", "60", "slowlog-max-len", "5")
	for _, wrong := range []struct{ args, why string }{
		{"timeout 70 nosuch 1", "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
		{"timeout 70 slowlog-max-len x", "ERR CONFIG SET failed (possibly related to argument 'slowlog-max-len') - argument couldn't be parsed into an integer"},
		{"slowlog-max-len 7 timeout -1", "ERR CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive"},
		{"timeout 70 TIMEOUT 80", "ERR CONFIG SET failed (possibly related to argument 'TIMEOUT') - duplicate parameter"},
		{"timeout 70 databases 5", "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"},
		{"timeout 70 maxmemory 5", "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - this server cannot change it while it runs"},
		{"timeout 70 notify-keyspace-events q", "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
		{"timeout 70 slowlog-max-len", "ERR wrong number of arguments for 'config|set' command"},
	} {
		args := append([]string{"CONFIG", "SET"}, strings.Fields(wrong.args)...)
		if got := c.do(args...); got != replyError(wrong.why) && got != replyError("ERR syntax error") {
			t.Errorf("%s: %v, want %v", wrong.args, got, wrong.why)
		}
		c.want([]any{"slowlog-max-len", "5", "timeout", "60"}, "CONFIG", "GET", "timeout", "slowlog-max-len")
	}
}

func TestEveryParameterTakesItsOwnValue(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	for _, p := range s.parameters {
		reply, _ := c.do("CONFIG", "GET", p.name).([]any)
		if len(reply) != 2 {
			t.Fatalf("%s: %v", p.name, reply)
		}
		if value := reply[1].(string); !p.immutable {
			c.want("OK", "CONFIG", "SET", p.name, value)
			c.want(reply, "CONFIG", "GET", p.name)
		}
	}
}

func TestLimitsChangeWhileTheServerRuns(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "CONFIG", "SET", "maxclients", "1")
	c.want("OK", "CONFIG", "SET", "proto-max-bulk-len", "1mb")
	second := s.dial(t)
	second.wantNext(replyError("ERR max number of clients reached"))
	// The client that was there is held to the new limit as well.
	c.write("*2\r\n$4\r\nECHO\r\n$1048577\r\n")
	c.wantNext(replyError("ERR Protocol error: invalid bulk length"))
}

func TestIdleClientsLeaveOnceThereIsATimeout(t *testing.T) {
	s := newTestServer(t)
	idle, c := s.dial(t), s.dial(t)
	idle.want("PONG", "PING")
	c.want("OK", "CONFIG", "SET", "timeout", "1")
	begin := time.Now()
	idle.wantClosed()
	if took := time.Since(begin); took < 500*time.Millisecond {
		t.Errorf("it left after %v", took)
	}
}

func TestParametersOfOutputBuffers(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	const name = "client-output-buffer-limit"
	c.want("OK", "CONFIG", "SET", name, "normal 0 0 0 pubsub 1mb 0 0")
	if got := s.limits().OutputBuffer; got != 1<<20 {
		t.Errorf("the limit is %d", got)
	}
	for _, wrong := range []string{"normal 0 0", "other 0 0 0", "normal 5 0 0", "pubsub 0 0 0", "pubsub 1mb 5 5", "pubsub x 0 0"} {
		if _, failed := c.do("CONFIG", "SET", name, wrong).(replyError); !failed {
			t.Errorf("%q was accepted", wrong)
		}
	}
	c.want([]any{name, "normal 0 0 0 pubsub 1048576 0 0"}, "CONFIG", "GET", name)
}

func TestMemoryValues(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "5": 5, "5b": 5, "2k": 2000, "2KB": 2048, "3m": 3e6, "3mb": 3 << 20, "1g": 1e9, "1GB": 1 << 30} {
		if got, err := parseMemory(text); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "b", "kb", "-1", "1.5mb", "5x", "5bk", "9223372036854775807gb", "1 mb"} {
		if n, err := parseMemory(text); err == nil {
			t.Errorf("%q: %d", text, n)
		}
	}
}
