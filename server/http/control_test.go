package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/control"
	"github.com/mantisdb/mantisdb/server/redis"
)

// controlled is a server of both protocols over one database.
type controlled struct {
	*testServer
	redis *redis.Server
}

var testSettings = []control.Parameter{{Name: "--engine", Value: "go", About: "storage engine", Type: control.TypeChoice, Choices: []string{"go", "rust"}}}

// newControlled serves a database in memory for users; nil are none.
func newControlled(t *testing.T, users *acl.List) *controlled {
	t.Helper()
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r, err := redis.New(redis.Config{Database: db, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	h := NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), testAbout).WithControl(r, testSettings)
	if users != nil {
		h.WithUsers(users)
	}
	s := serveHandler(t, h)
	s.db = db
	return &controlled{s, r}
}

// connect connects a client of Redis, which has sent a command.
func (s *controlled) connect(t *testing.T, command string) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close() })
	go s.redis.ServeConn(far)
	if _, err := near.Write([]byte(command + "\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	return near
}

// decode reads an answer that is to be 200.
func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConsole(t *testing.T) {
	s := newControlled(t, nil)
	for _, c := range []struct{ body, want string }{
		{`{"command":"SET k \"a b\""}`, `{"reply":{"type":"simple","text":"OK"},"took_nanos":`},
		{`{"command":"get k","protocol":2}`, `{"reply":{"type":"string","text":"a b"},"took_nanos":`},
		{`{"command":"GET k","database":1}`, `{"reply":{"type":"null"},"took_nanos":`},
		{`{"command":"INCR k"}`, `{"reply":{"type":"error","text":"ERR value is not`},
	} {
		a := s.do("POST", "/api/v1/console", c.body, "Content-Type", "application/json")
		if a.status != http.StatusOK || !strings.HasPrefix(a.body, c.want) {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
		}
	}
	if value, err := s.db.Get([]byte("k")); err != nil || string(value) != "a b" {
		t.Errorf("%q, %v", value, err)
	}
	for _, body := range []string{`{}`, `{"command":"MULTI"}`, `{"command":"GET \"k"}`, `{"command":"GET k","database":16}`,
		`{"command":"GET k","protocol":0}`, `{"command":"GET k","db":1}`, `{"command":"GET k"}{}`, ``, `[]`} {
		wantProblem(t, s.do("POST", "/api/v1/console", body), malformedRequest)
	}
	wantProblem(t, s.do("POST", "/api/v1/console", `{"command":"FLUSHALL"}`, "Content-Type", "text/plain"), unsupportedMedia)
	wantProblem(t, s.do("POST", "/api/v1/console", `{"command":"FLUSHALL"}`, "Sec-Fetch-Site", "cross-site"), crossOrigin)
	wantProblem(t, s.do("POST", "/api/v1/console", `{"command":"`+strings.Repeat("x", maxControlBody)+`"}`), bodyTooLarge)
}

func TestClients(t *testing.T) {
	s := newControlled(t, nil)
	conn := s.connect(t, "CLIENT SETNAME me")
	type list struct{ Clients []control.Client }
	got := decode[list](t, s.do("GET", "/api/v1/clients", ""))
	if len(got.Clients) != 1 || got.Clients[0].Name != "me" || got.Clients[0].Command != "client|setname" {
		t.Fatalf("%+v", got)
	}
	wantProblem(t, s.do("DELETE", "/api/v1/clients/99", ""), clientNotFound)
	wantProblem(t, s.do("DELETE", "/api/v1/clients/me", ""), malformedRequest)
	if a := s.do("DELETE", "/api/v1/clients/1", ""); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the client is still connected")
	}
	if got := s.do("GET", "/api/v1/clients", ""); got.body != "{\"clients\":[]}\n" {
		t.Errorf("%s", got.body)
	}
}

func TestSlowLogAndConfig(t *testing.T) {
	s := newControlled(t, nil)
	type config struct{ Parameters []control.Parameter }
	value := func(name string) string {
		list := decode[config](t, s.do("GET", "/api/v1/config", "")).Parameters
		i := slices.IndexFunc(list, func(p control.Parameter) bool { return p.Name == name })
		if i < 0 {
			t.Fatalf("there is no parameter %s", name)
		}
		return list[i].Value
	}
	if got := s.do("PATCH", "/api/v1/config", `{"slowlog-log-slower-than":"0","timeout":"9"}`); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if value("timeout") != "9" || value("--engine") != "go" {
		t.Errorf("timeout %s, --engine %s", value("timeout"), value("--engine"))
	}
	for _, wrong := range []struct{ body, names string }{
		{`{"timeout":"10","maxclients":"many"}`, "maxclients"}, {`{"timeout":"10","nosuch":"1"}`, "nosuch"},
		{`{"timeout":"10","--engine":"rust"}`, "--engine"}, {`{}`, "no parameter"}, {`{"timeout":10}`, "string"},
	} {
		if p := wantProblem(t, s.do("PATCH", "/api/v1/config", wrong.body), malformedRequest); !strings.Contains(p.Detail, wrong.names) {
			t.Errorf("%s: %s", wrong.body, p.Detail)
		}
	}
	if value("timeout") != "9" {
		t.Errorf("a part of a change was taken: timeout %s", value("timeout"))
	}
	s.connect(t, "SET k v")
	type slowLog struct{ Entries []control.SlowCommand }
	got := decode[slowLog](t, s.do("GET", "/api/v1/slowlog?limit=1", "")).Entries
	if len(got) != 1 || !slices.Equal(got[0].Args, []string{"SET", "k", "v"}) || got[0].Took <= 0 {
		t.Errorf("%+v", got)
	}
	wantProblem(t, s.do("GET", "/api/v1/slowlog?limit=0", ""), malformedRequest)
	if a := s.do("DELETE", "/api/v1/slowlog", ""); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do("GET", "/api/v1/slowlog", ""); a.body != "{\"entries\":[]}\n" {
		t.Errorf("%s", a.body)
	}
}

// usersOf makes a list of users of the lines of a file.
func usersOf(t *testing.T, file string) *acl.List {
	t.Helper()
	return newServerWith(t, file).Config.Handler.(*Handler).users
}

func TestWhoami(t *testing.T) {
	type who struct {
		User   string
		Needed bool `json:"authentication_needed"`
		Rights map[string]bool
	}
	open := decode[who](t, newControlled(t, nil).do("GET", "/api/v1/whoami", ""))
	if open.User != "default" || open.Needed || len(open.Rights) != len(toldRights) {
		t.Errorf("%+v", open)
	}
	for name, has := range open.Rights {
		if !has {
			t.Errorf("who may do everything has not the right %s", name)
		}
	}
	s := newControlled(t, usersOf(t, "user default off\nuser r on >p ~* +@read\n"))
	wantProblem(t, s.do("GET", "/api/v1/whoami", ""), unauthorized)
	wantProblem(t, s.do("GET", "/api/v1/whoami", "", "Authorization", basic("r", "q")), unauthorized)
	reader := decode[who](t, s.do("GET", "/api/v1/whoami", "", "Authorization", basic("r", "p")))
	for name, has := range reader.Rights {
		if want := name == "read" || name == "console"; has != want {
			t.Errorf("the reader's right %s: %v", name, has)
		}
	}
	if reader.User != "r" || !reader.Needed {
		t.Errorf("%+v", reader)
	}
}

// TestControlHoldsToRights: who may do what by Redis, may do it here, and nobody else.
func TestControlHoldsToRights(t *testing.T) {
	s := newControlled(t, usersOf(t, "user default off\nuser r on >p ~app:* +@read\nuser o on >p ~* +@all\n"))
	for _, c := range []struct {
		method, path, body string
		r, o               int
	}{
		{"GET", "/api/v1/clients", "", 403, 200},
		{"DELETE", "/api/v1/clients/7", "", 403, 404},
		{"GET", "/api/v1/slowlog", "", 403, 200},
		{"DELETE", "/api/v1/slowlog", "", 403, 204},
		{"GET", "/api/v1/config", "", 403, 200},
		{"PATCH", "/api/v1/config", `{"timeout":"0"}`, 403, 204},
		{"GET", "/api/v1/commands", "", 200, 200},
		{"POST", "/api/v1/console", `{"command":"GET app:1"}`, 200, 200},
	} {
		wantProblem(t, s.do(c.method, c.path, c.body), unauthorized)
		for name, want := range map[string]int{"r": c.r, "o": c.o} {
			if got := s.do(c.method, c.path, c.body, "Authorization", basic(name, "p")); got.status != want {
				t.Errorf("%s: %s %s: %d %s, want %d", name, c.method, c.path, got.status, got.body, want)
			}
		}
	}
	for command, want := range map[string]string{"GET app:1": `"null"`, "GET other": "NOPERM", "SET app:1 v": "NOPERM", "ACL WHOAMI": "NOPERM"} {
		got := s.do("POST", "/api/v1/console", `{"command":"`+command+`"}`, "Authorization", basic("r", "p"))
		if got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", command, got.status, got.body)
		}
	}
	type commands struct{ Commands []control.Command }
	for _, c := range decode[commands](t, s.do("GET", "/api/v1/commands", "", "Authorization", basic("r", "p"))).Commands {
		if c.Name == "SET" || c.Name == "CONFIG SET" {
			t.Errorf("the reader is told of %s", c.Name)
		}
	}
}

// TestRightsAreThoseOfCommands: the rights name commands as Redis has them, so that rules of
// categories mean the same here.
func TestRightsAreThoseOfCommands(t *testing.T) {
	known := map[string][]string{}
	for _, c := range newControlled(t, nil).redis.Commands(acl.Everybody()) {
		known[strings.ToLower(strings.ReplaceAll(c.Name, " ", "|"))] = c.Categories
	}
	for _, right := range []right{listClients, killClients, readSlowLog, resetSlowLog, readConfig, changeConfig, readFigures, administrate, readKeys} {
		want := slices.Sorted(slices.Values(known[right.command.Name]))
		if got := slices.Sorted(slices.Values(right.command.Categories)); !slices.Equal(got, want) {
			t.Errorf("%s is of %v, and in Redis of %v", right.command.Name, got, want)
		}
	}
}
