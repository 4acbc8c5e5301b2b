package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestClientListAndInfo(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("PONG", "PING") // so it is the first
	other := s.dial(t)
	other.want("OK", "CLIENT", "SETNAME", "other")
	other.want("OK", "SELECT", "3")
	other.want("OK", "MULTI")
	other.want("QUEUED", "SET", "k", "text")
	other.want("QUEUED", "GET", "k")
	list := strings.Split(strings.TrimSuffix(c.do("CLIENT", "LIST").(string), "\n"), "\n")
	if len(list) != 2 {
		t.Fatalf("%d clients: %q", len(list), list)
	}
	for _, part := range []string{
		"id=2 ", " addr=" + other.LocalAddr().String() + " ", " laddr=" + s.address + " ", " name=other ", " flags=x ",
		" db=3 ", " sub=0 psub=0 ", " multi=2 ", " qbuf=0 ", " cmd=get ", " user=default ", " resp=2",
	} {
		if !strings.Contains(list[1], part) {
			t.Errorf("%q lacks %q", list[1], part)
		}
	}
	own := c.do("CLIENT", "INFO").(string)
	for _, part := range []string{"id=1 ", " flags=N ", " qbuf=26 ", " argv-mem=10 ", " multi=-1 ", " cmd=client|info "} {
		if !strings.Contains(own, part) {
			t.Errorf("%q lacks %q", own, part)
		}
	}
	if got := c.do("CLIENT", "LIST", "ID", "2", "99").(string); !strings.HasPrefix(got, "id=2 ") || strings.Count(got, "\n") != 1 {
		t.Errorf("by number: %q", got)
	}
	c.want("", "CLIENT", "LIST", "TYPE", "pubsub")
	other.do("DISCARD")
	other.do("SUBSCRIBE", "news")
	if got := c.do("CLIENT", "LIST", "TYPE", "PubSub").(string); !strings.Contains(got, " flags=P ") || !strings.Contains(got, " sub=1 ") {
		t.Errorf("subscribers: %q", got)
	}
}

// Options of CLIENT TRACKING are looked at even though nothing is tracked.
func TestClientTrackingOptions(t *testing.T) {
	c := newTestServer(t).dial(t)
	for _, test := range []struct {
		options []string
		want    any
	}{
		{[]string{"OFF"}, "OK"},
		{[]string{"OFF", "BCAST", "PREFIX", "a", "NOLOOP"}, "OK"},
		{[]string{"OFF", "nonsense"}, replyError(errSyntax)},
		{[]string{"OFF", "PREFIX"}, replyError(errSyntax)},
		{[]string{"nonsense"}, replyError(errSyntax)},
		{[]string{"ON", "nonsense"}, replyError(errSyntax)},
	} {
		c.want(test.want, append([]string{"CLIENT", "TRACKING"}, test.options...)...)
	}
}

func TestClientKill(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	byID, byAddress, first, second := s.dial(t), s.dial(t), s.dial(t), s.dial(t)
	id := fmt.Sprint(byID.do("CLIENT", "ID"))
	byAddress.do("PING")
	first.do("PING")
	second.do("SUBSCRIBE", "news")
	c.want(int64(1), "CLIENT", "KILL", "ID", id)
	byID.wantClosed()
	c.want(int64(0), "CLIENT", "KILL", "ID", id)
	c.want("OK", "CLIENT", "KILL", byAddress.LocalAddr().String())
	byAddress.wantClosed()
	c.want(replyError("ERR No such client"), "CLIENT", "KILL", byAddress.LocalAddr().String())
	c.want(int64(1), "CLIENT", "KILL", "TYPE", "pubsub", "USER", "default")
	second.wantClosed()
	c.want(replyError("ERR No such user 'nobody'"), "CLIENT", "KILL", "USER", "nobody")
	c.want(int64(2), "CLIENT", "KILL", "SKIPME", "no")
	first.wantClosed()
	c.wantClosed()
	if n := s.clients.count(); n != 0 {
		t.Errorf("%d clients are left", n)
	}
}

func TestClientReply(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.send("CLIENT", "REPLY", "OFF")
	c.send("PING")
	c.send("GET", "k")
	c.send("CLIENT", "REPLY", "SKIP")
	c.want("OK", "CLIENT", "REPLY", "ON")
	c.send("CLIENT", "REPLY", "SKIP")
	c.send("ECHO", "skipped")
	c.want("said", "ECHO", "said")
	c.send("CLIENT", "REPLY", "SKIP")
	c.send("GET", "k") // which would be a run
	c.want(nil, "GET", "k")
	c.send("CLIENT", "REPLY", "SKIP")
	c.want("OK", "CLIENT", "REPLY", "ON")
	c.want("said", "ECHO", "said")
}

func TestClientPause(t *testing.T) {
	s := newTestServer(t)
	c, writer, reader := s.dial(t), s.dial(t), s.dial(t)
	id := fmt.Sprint(writer.do("CLIENT", "ID"))
	c.want("OK", "CLIENT", "PAUSE", "60000", "WRITE")
	reader.want(nil, "GET", "k")
	writer.send("SET", "k", "text")
	for s.pause.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	reader.want(nil, "GET", "k")
	if info := c.do("INFO", "clients").(string); !strings.Contains(info, "blocked_clients:1\r\n") {
		t.Errorf("%q", info)
	}
	if list := c.do("CLIENT", "LIST", "ID", id).(string); !strings.Contains(list, " flags=b ") {
		t.Errorf("%q", list)
	}
	c.want("OK", "CLIENT", "UNPAUSE")
	writer.wantNext("OK")
	reader.want("text", "GET", "k")
}

func TestClientPauseOfAllEnds(t *testing.T) {
	s := newTestServer(t)
	c, other := s.dial(t), s.dial(t)
	begin := time.Now()
	c.want("OK", "CLIENT", "PAUSE", "100")
	c.want("OK", "CLIENT", "PAUSE", "1", "WRITE") // neither shortens it nor makes it less
	other.want("PONG", "PING")
	if took := time.Since(begin); took < 90*time.Millisecond {
		t.Errorf("the pause took %v", took)
	}
	// The second one began when the first had ended, and ends too, as the next command finds.
	time.Sleep(2 * time.Millisecond)
	other.want("PONG", "PING")
	if s.pause.active() {
		t.Error("it goes on")
	}
	// One who waits can be ended, and the pause too.
	c.want("OK", "CLIENT", "PAUSE", "60000")
	other.send("PING")
	for s.pause.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for _, client := range s.clients.list() {
		if client.paused.Load() {
			client.kill(nil)
		}
	}
	other.wantClosed()
	c.want("OK", "CLIENT", "UNPAUSE")
	c.want("PONG", "PING")
}

// waitForCount waits until count is as wanted.
func waitForCount(t *testing.T, what string, count func() int64, want int64) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); count() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d, want %d", what, count(), want)
		}
	}
}

func TestWhoGoesDuringAPauseLeavesItsPlace(t *testing.T) {
	s := newTestServerWith(t, Config{Limits: Limits{MaxClients: 3}})
	c, gone, stays := s.dial(t), s.dial(t), s.dial(t)
	for _, client := range []*testConn{c, gone, stays} {
		client.want("PONG", "PING")
	}
	c.want("OK", "CLIENT", "PAUSE", "60000", "WRITE")
	gone.write(command("SET", "gone", "1") + command("SET", "gone", "2"))
	stays.write(command("SET", "stays", "1"))
	waitForCount(t, "clients that wait", s.pause.waiting.Load, 2)
	stays.write(command("SET", "stays", "2") + command("APPEND", "stays", "3") + command("GET", "stays"))
	gone.Conn.Close()
	clients := func() int64 { return int64(s.clients.count()) }
	waitForCount(t, "clients", clients, 2)
	waitForCount(t, "clients that wait", s.pause.waiting.Load, 1)
	s.dial(t).want("PONG", "PING") // for which there is a place again

	c.want("OK", "CLIENT", "UNPAUSE")
	stays.wantNext("OK")
	stays.wantNext("OK")
	stays.wantNext(int64(2))
	stays.wantNext("23")
	stays.want("23", "GET", "stays")
	c.want(nil, "GET", "gone") // what waited of the one who went was not executed
}

// TestIdleTimeAfterAPause: the time to be idle is that before it again.
func TestIdleTimeAfterAPause(t *testing.T) {
	s := newTestServerWith(t, Config{Limits: Limits{IdleTimeout: time.Second}})
	c, other := s.dial(t), s.dial(t)
	c.want("OK", "CLIENT", "PAUSE", "1200")
	other.want("PONG", "PING")
	other.want("PONG", "PING")
	other.wantClosed()
}

func TestTransactionsInAPauseOfWrites(t *testing.T) {
	s := newTestServer(t)
	c, reads, writes := s.dial(t), s.dial(t), s.dial(t)
	reads.want("OK", "MULTI")
	reads.want("QUEUED", "GET", "k")
	writes.want("OK", "MULTI")
	writes.want("QUEUED", "SET", "k", "text")
	c.want("OK", "CLIENT", "PAUSE", "60000", "WRITE")
	reads.want([]any{nil}, "EXEC")
	writes.send("EXEC")
	for s.pause.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	c.want(nil, "GET", "k")
	c.want("OK", "CLIENT", "UNPAUSE")
	writes.wantNext([]any{"OK"})
}

func TestHelpListsSubcommands(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	for _, cmd := range s.table.top() {
		if cmd.Subcommands == nil {
			continue
		}
		lines, _ := c.do(cmd.Name, "HELP").([]any)
		text := fmt.Sprint(lines)
		for name := range cmd.Subcommands {
			if !strings.Contains(text, strings.ToUpper(name)) {
				t.Errorf("%s HELP lacks %s: %q", cmd.Name, name, text)
			}
		}
	}
}
