package redis

import "testing"

func TestNotifyFlags(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{"", ""}, {"KEA", "AKE"}, {"gKE", "gKE"}, {"$lshzxeKE", "$lshzxeKE"}, {"KA", "AK"}, {"EA", "AE"},
		{"mKn", "nKm"}, {"g$lshzxetdKEm", "AKEm"}, {"An", "A"}, {"ggKK", "gK"},
	} {
		classes, err := parseNotifyFlags(c.given)
		if got := classes.String(); err != nil || got != c.want {
			t.Errorf("%q is written %q, %v; want %q", c.given, got, err, c.want)
		}
	}
	for _, wrong := range []string{"q", "KEAq", " ", "\x00"} {
		if _, err := parseNotifyFlags(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func (s *testServer) notify(t *testing.T, flags string) {
	t.Helper()
	classes, err := parseNotifyFlags(flags)
	if err == nil {
		err = s.setNotifications(classes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestNotifications(t *testing.T) {
	s := newTestServer(t)
	listener, c := s.dial(t), s.dial(t)
	listener.do("PSUBSCRIBE", "__key*__:*")
	event := func(what, of string, name string) {
		t.Helper()
		listener.wantNext(message("pmessage", "__key*__:*", "__"+what+"__:"+of, name))
	}
	c.want("OK", "SET", "unheard", "1")
	s.notify(t, "K$")
	c.want("OK", "SET", "k", "1")
	c.want(int64(1), "DEL", "k")
	c.want("OK", "SELECT", "3")
	c.want("OK", "SET", "k", "1")
	event("keyspace@0", "k", "set")
	event("keyspace@3", "k", "set")
	s.notify(t, "KEg")
	c.want(int64(1), "DEL", "k")
	event("keyspace@3", "k", "del")
	event("keyevent@3", "del", "k")
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", "2")
	c.want("QUEUED", "DEL", "k", "absent")
	c.want("QUEUED", "SELECT", "0")
	c.want("QUEUED", "DEL", "unheard")
	c.want(message("OK", int64(1), "OK", int64(1)), "EXEC")
	event("keyspace@3", "k", "del")
	event("keyevent@3", "del", "k")
	event("keyspace@0", "unheard", "del")
	event("keyevent@0", "del", "unheard")
	s.notify(t, "g$")
	c.want("OK", "SET", "k", "1")
	s.notify(t, "")
	c.want("OK", "SET", "k", "1")
	c.want(int64(1), "PUBLISH", "__keyevent@0__:x", "end")
	event("keyevent@0", "x", "end")
}

// TestOwnNotifications: a client that listens to what it does itself is told before the
// reply.
func TestOwnNotifications(t *testing.T) {
	s := newTestServer(t)
	s.notify(t, "E$g")
	c := s.dial(t)
	c.do("HELLO", "3")
	c.do("PSUBSCRIBE", "*")
	c.want(push{"pmessage", "*", "__keyevent@0__:set", "k"}, "SET", "k", "v")
	c.wantNext("OK")
	c.want("OK", "MULTI")
	c.want("QUEUED", "SET", "k", "v")
	c.want("QUEUED", "PUBLISH", "own", "1")
	c.want("QUEUED", "DEL", "k")
	c.want(push{"pmessage", "*", "__keyevent@0__:set", "k"}, "EXEC")
	c.wantNext(push{"pmessage", "*", "own", "1"})
	c.wantNext(push{"pmessage", "*", "__keyevent@0__:del", "k"})
	c.wantNext(message("OK", int64(1), int64(1)))
}
