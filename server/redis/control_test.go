package redis

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/control"
)

var testVisitor = control.Visitor{Remote: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}}

// runLine runs a command and returns its reply as JSON.
func (s *testServer) runLine(t *testing.T, by control.Visitor, line control.Line) string {
	t.Helper()
	line.Protocol = max(line.Protocol, 2)
	got, err := s.Run(t.Context(), by, line)
	if err != nil {
		t.Fatalf("%+v: %v", line, err)
	}
	text, err := json.Marshal(got.Reply)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRunLine(t *testing.T) {
	s := newTestServer(t)
	for _, c := range []struct {
		line  string
		proto int
		want  string
	}{
		{`SET k "a b"`, 3, `{"type":"simple","text":"OK"}`},
		{`get k`, 3, `{"type":"string","text":"a b"}`},
		{`GET none`, 2, `{"type":"null"}`},
		{`GET none`, 3, `{"type":"null"}`},
		{`SET b "\xff\x00"`, 3, `{"type":"simple","text":"OK"}`},
		{`GET b`, 3, `{"type":"string","bytes":"/wA="}`},
		{`SET e ''`, 3, `{"type":"simple","text":"OK"}`},
		{`GET e`, 3, `{"type":"string","text":""}`},
		{`STRLEN k`, 3, `{"type":"integer","text":"3"}`},
		{`MGET k none`, 3, `{"type":"array","items":[{"type":"string","text":"a b"},{"type":"null"}]}`},
		{`KEYS x*`, 3, `{"type":"array","items":[]}`},
		{`CONFIG GET save`, 3, `{"type":"map","items":[{"type":"string","text":"save"},{"type":"string","text":""}]}`},
		{`CONFIG GET save`, 2, `{"type":"array","items":[{"type":"string","text":"save"},{"type":"string","text":""}]}`},
		{`NOSUCH`, 3, `{"type":"error","text":"ERR unknown command 'NOSUCH', with args beginning with: "}`},
		{`INCR k`, 3, `{"type":"error","text":"ERR value is not an integer or out of range"}`},
		{`ACL WHOAMI`, 3, `{"type":"string","text":"default"}`},
		{`DEBUG PROTOCOL attrib`, 3, `{"type":"error","text":"ERR DEBUG command not allowed. The server has to be started with --redis-debug-commands, which is for tests."}`},
	} {
		if got := s.runLine(t, testVisitor, control.Line{Text: c.line, Protocol: c.proto}); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
	if got := s.runLine(t, testVisitor, control.Line{Text: "CLIENT INFO", Protocol: 3}); !strings.Contains(got, "id=0 addr=192.0.2.1:5 ") || !strings.HasPrefix(got, `{"type":"verbatim","text":"id`) {
		t.Errorf("CLIENT INFO: %s", got)
	}
	if n := s.clients.count(); n != 0 {
		t.Errorf("visitors count as %d clients", n)
	}
}

func TestRunLineWithAllTypes(t *testing.T) {
	s := newTestServerWith(t, Config{EnableDebug: true})
	for kind, want := range map[string]string{
		"double": `"type":"double","text":"3.141`, "bignum": `"type":"big","text":"12345`, "true": `{"type":"boolean","text":"true"}`,
		"set": `{"type":"set","items":[{"type":"integer","text":"0"}`, "push": `"type":"push"`, "null": `{"type":"null"}`,
		"attrib": `"type":"string"`, "verbatim": `"type":"verbatim"`, "map": `{"type":"map","items":[{"type":"integer","text":"0"},{"type":"boolean"`,
	} {
		if got := s.runLine(t, testVisitor, control.Line{Text: "DEBUG PROTOCOL " + kind, Protocol: 3}); !strings.Contains(got, want) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestRunLineInADatabase(t *testing.T) {
	s := newTestServer(t)
	s.runLine(t, testVisitor, control.Line{Text: "SET k in3", Database: 3})
	c := s.dial(t)
	c.want(nil, "GET", "k")
	c.want("OK", "SELECT", "3")
	c.want("in3", "GET", "k")
	got, err := s.Run(t.Context(), testVisitor, control.Line{Text: "SELECT 5", Database: 3, Protocol: 3})
	if err != nil || got.Database != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	user := visitorWith(t, "+get", "+set", "~*")
	if got := s.runLine(t, user, control.Line{Text: "GET k", Database: 3}); !strings.Contains(got, "NOPERM") || !strings.Contains(got, "select") {
		t.Errorf("who may not select a database: %s", got)
	}
}

// visitorWith is a visitor whose user has rules.
func visitorWith(t *testing.T, rules ...string) control.Visitor {
	t.Helper()
	user, err := acl.NewUser("v", append([]string{"on"}, rules...))
	if err != nil {
		t.Fatal(err)
	}
	return control.Visitor{User: user}
}

func TestRunLineHoldsToRights(t *testing.T) {
	s := newTestServer(t)
	user := visitorWith(t, "+@read", "~app:*")
	for line, wants := range map[string]string{"GET app:1": `{"type":"null"}`, "GET other": "NOPERM", "SET app:1 v": "NOPERM", "CONFIG GET *": "NOPERM"} {
		if got := s.runLine(t, user, control.Line{Text: line}); !strings.Contains(got, wants) {
			t.Errorf("%s: %s", line, got)
		}
	}
	names := func(list []control.Command) (names []string) {
		for _, c := range list {
			names = append(names, c.Name)
		}
		return names
	}
	mine := names(s.Commands(user.User))
	if !slices.Contains(mine, "GET") || slices.Contains(mine, "SET") || slices.Contains(mine, "CONFIG GET") {
		t.Errorf("the user's commands: %v", mine)
	}
	all := names(s.Commands(acl.Everybody()))
	if !slices.Contains(all, "CONFIG GET") || slices.Contains(all, "CONFIG") || !slices.Contains(all, "COMMAND") || !slices.IsSorted(all) {
		t.Errorf("all commands: %v", all)
	}
}

func TestLinesThatAreNotRun(t *testing.T) {
	s := newTestServer(t)
	for _, c := range []struct {
		line control.Line
		want string
	}{
		{control.Line{Text: `GET "k`, Protocol: 3}, "quotes"},
		{control.Line{Text: " \t", Protocol: 3}, "no command"},
		{control.Line{Text: "GET k", Protocol: 4}, "2 or 3"},
		{control.Line{Text: "GET k", Protocol: 3, Database: 16}, "database 16"},
		{control.Line{Text: "subscribe c", Protocol: 3}, "SUBSCRIBE changes the state"},
		{control.Line{Text: "MULTI", Protocol: 3}, "MULTI changes"},
		{control.Line{Text: "Client Reply off", Protocol: 3}, "CLIENT REPLY changes"},
		{control.Line{Text: "MONITOR", Protocol: 3}, "MONITOR changes"},
	} {
		_, err := s.Run(t.Context(), testVisitor, c.line)
		var wrong *control.LineError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Reason, c.want) {
			t.Errorf("%q: %v", c.line.Text, err)
		}
	}
}

// TestRunLineGivesUp: a command that a pause holds up ends with who waits for it.
func TestRunLineGivesUp(t *testing.T) {
	s := newTestServer(t)
	s.dial(t).want("OK", "CLIENT", "PAUSE", "100000")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, testVisitor, control.Line{Text: "SET k v", Protocol: 3})
		done <- err
	}()
	for s.pause.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	s.pause.end()
	s.dial(t).want(nil, "GET", "k")
}

func TestRepliesAreCut(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "SET", "long", strings.Repeat("x", mostText+7))
	var reply control.Reply
	run := func(line string) control.Reply {
		t.Helper()
		got, err := s.Run(t.Context(), testVisitor, control.Line{Text: line, Protocol: 3})
		if err != nil {
			t.Fatal(err)
		}
		return got.Reply
	}
	if reply = run("GET long"); len(reply.Text) != mostText || reply.Cut != 7 {
		t.Errorf("%d bytes, %d cut", len(reply.Text), reply.Cut)
	}
	many := strings.Repeat(" none", mostItems+3)
	if reply = run("MGET" + many); len(reply.Items) != mostItems || reply.Cut != 3 {
		t.Errorf("%d items, %d cut", len(reply.Items), reply.Cut)
	}
	if reply = run("MGET" + strings.Repeat(" long", 20) + " none"); len(reply.Items) != mostTexts/mostText || reply.Cut != 21-mostTexts/mostText {
		t.Errorf("%d items, %d cut", len(reply.Items), reply.Cut)
	}
	// What follows a part that was cut is read from where it begins.
	for _, skipped := range []string{
		"*2\r\n$1\r\nb\r\n=5\r\ntxt:c\r\n", "%2\r\n+b\r\n:1\r\n+c\r\n$-1\r\n", "|1\r\n+b\r\n:1\r\n~1\r\n_\r\n", "*-1\r\n", "#t\r\n",
	} {
		r := newReplyReader([]byte("*2\r\n%1\r\n+a\r\n" + skipped + ":7\r\n"))
		r.items = 2
		if reply = r.read(); len(reply.Items) != 2 || reply.Items[0].Cut != 2 || string(reply.Items[1].Text) != "7" || len(r.rest) != 0 {
			t.Errorf("%q: %+v, %q is left", skipped, reply, r.rest)
		}
	}
}

func TestClientsAndKill(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "CLIENT", "SETNAME", "me")
	c.want("OK", "SELECT", "2")
	c.do("HELLO", "3")
	c.do("SUBSCRIBE", "a", "b")
	c.read()
	list := s.Clients()
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	got := list[0]
	if got.Name != "me" || got.Database != 2 || got.Protocol != 3 || got.Subscriptions != 2 || got.Command != "subscribe" ||
		got.User != "default" || got.Address != c.LocalAddr().String() || got.Age <= 0 || got.Blocked {
		t.Errorf("%+v", got)
	}
	if s.Kill(testVisitor, got.ID+1) {
		t.Error("a client was killed that there is not")
	}
	if !s.Kill(testVisitor, got.ID) {
		t.Error("the client was not found")
	}
	c.wantClosed()
}

func TestSlowLogIsTold(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "CONFIG", "SET", "slowlog-log-slower-than", "0")
	before := time.Now().Add(-time.Second)
	c.want("OK", "SET", "k", "a\xffb")
	list := s.SlowLog(1)
	if len(list) != 1 || !slices.Equal(list[0].Args, []string{"SET", "k", `a\xffb`}) || list[0].Took <= 0 ||
		list[0].Time.Before(before) || list[0].Client != c.LocalAddr().String() {
		t.Errorf("%+v", list)
	}
	if n := len(s.SlowLog(10)); n != 2 {
		t.Errorf("%d entries", n)
	}
	s.ResetSlowLog(testVisitor)
	if n := len(s.SlowLog(10)); n != 0 {
		t.Errorf("%d entries after it was emptied", n)
	}
}

func TestConfigure(t *testing.T) {
	s := newTestServerWith(t, Config{Users: acl.NewList("s3cret")})
	value := func(name string) string {
		list := s.Parameters(testVisitor)
		i := slices.IndexFunc(list, func(p control.Parameter) bool { return p.Name == name })
		if i < 0 {
			return "none"
		}
		return list[i].Value
	}
	for _, p := range s.Parameters(testVisitor) {
		if p.About == "" || p.Type == "" || strings.Contains(p.Value, "s3cret") {
			t.Errorf("%+v", p)
		}
	}
	if err := s.Configure(testVisitor, map[string]string{"timeout": "7", "slowlog-max-len": "5"}); err != nil {
		t.Fatal(err)
	}
	if value("timeout") != "7" || value("slowlog-max-len") != "5" || value("requirepass") != "none" {
		t.Errorf("timeout %s, slowlog-max-len %s", value("timeout"), value("slowlog-max-len"))
	}
	for _, c := range []struct {
		values map[string]string
		name   string
	}{
		{map[string]string{"maxclients": "5", "timeout": "soon"}, "timeout"},
		{map[string]string{"maxclients": "5", "nosuch": "1"}, "nosuch"},
		{map[string]string{"maxclients": "5", "databases": "16"}, "databases"},
		{map[string]string{"maxclients": "5", "MaxClients": "6"}, "maxclients"},
	} {
		var wrong *control.ParameterError
		if err := s.Configure(testVisitor, c.values); !errors.As(err, &wrong) || wrong.Name != c.name || wrong.Reason == "" {
			t.Errorf("%v: %v", c.values, err)
		}
		if value("maxclients") != "10000" || value("timeout") != "7" {
			t.Errorf("%v: a part was taken: maxclients %s", c.values, value("maxclients"))
		}
	}
}

// TestRightsLostMeanwhile: a command that was held up is done with the rights of when it is
// done.
func TestRightsLostMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	write := func(rules string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("user default on nopass ~* &* +@all\n"+rules), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("user a on >p ~* +@all\n")
	users, err := acl.LoadList(path)
	if err != nil {
		t.Fatal(err)
	}
	s := newTestServerWith(t, Config{Users: users})
	by := testVisitor
	by.User = users.Authenticate("a", "p")
	set := control.Line{Text: "SET k v", Protocol: 3}
	c := s.dial(t)
	c.want("OK", "CLIENT", "PAUSE", "60000", "WRITE")
	held := make(chan string)
	go func() { held <- s.runLine(t, by, set) }()
	for s.pause.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	write("user a on >p ~other:* +@all\n")
	if err := users.Reload(); err != nil {
		t.Fatal(err)
	}
	c.want("OK", "CLIENT", "UNPAUSE")
	if got := <-held; !strings.Contains(got, "NOPERM") {
		t.Errorf("it was held up: %s", got)
	}
	c.want(nil, "GET", "k")
}
