package redis

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/server/acl"
)

const usersFile = `user default off
user admin on >p ~* &* +@all
user app on >p ~app:* %W~log:* %R~ref:* &app:* +@all -@admin -@dangerous +flushdb
user reader on >p %R~* +@read +@connection +multi +exec
`

// newServerOfUsers serves the users of a file, and returns its path too.
func newServerOfUsers(t *testing.T) (*testServer, string) {
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte(usersFile), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := acl.LoadList(path)
	if err != nil {
		t.Fatal(err)
	}
	return newTestServerWith(t, Config{Users: users}), path
}

func noCommand(name string) replyError {
	return replyError("NOPERM this user has no permissions to run the '" + name + "' command")
}

func TestRightsOfUsers(t *testing.T) {
	s, _ := newServerOfUsers(t)
	admin, app, reader := s.dial(t), s.dial(t), s.dial(t)
	admin.want(noAuth, "GET", "k")
	admin.want("OK", "AUTH", "admin", "p")
	app.want("OK", "AUTH", "app", "p")
	reader.want("OK", "AUTH", "reader", "p")
	const noKey, noChannel = replyError(errNoKey), replyError(errNoChannel)

	admin.want("OK", "MSET", "other", "1", "ref:1", "r", "log:1", "l")
	app.want("OK", "SET", "app:1", "v")
	app.want("v", "GET", "app:1")
	app.want(noKey, "GET", "other")
	app.want(noKey, "SET", "other", "v")
	app.want(noKey, "MGET", "app:1", "other")
	app.want(noKey, "MSET", "app:1", "v", "other", "v")
	app.want(noKey, "COPY", "other", "app:2")
	app.want(noKey, "COPY", "app:1", "ref:2")
	app.want(int64(1), "COPY", "ref:1", "app:2") // it is read alone
	app.want(noKey, "RENAME", "ref:1", "app:2")
	app.want(noKey, "EXPIRE", "log:1", "100") // tells whether there is a value
	app.want(noKey, "BITOP", "AND", "app:2", "other")
	app.want(noKey, "OBJECT", "ENCODING", "other")
	app.want("r", "GET", "ref:1")
	app.want(noKey, "SET", "ref:1", "v")
	app.want("OK", "SET", "log:1", "v")
	app.want(noKey, "GET", "log:1")
	app.want(noKey, "APPEND", "log:1", "v")
	app.want(noKey, "SET", "log:1", "v", "GET")
	app.want(noKey, "GETDEL", "log:1")
	app.want(int64(1), "DEL", "log:1")
	app.want(noCommand("keys"), "KEYS", "*")
	app.want(noCommand("config|get"), "CONFIG", "GET", "*")
	app.want("OK", "FLUSHDB")
	app.want(noCommand("flushall"), "FLUSHALL")
	app.want(int64(0), "PUBLISH", "app:news", "m")
	app.want(noChannel, "PUBLISH", "news", "m")
	app.want(noChannel, "SUBSCRIBE", "app:a", "news")
	app.want(noChannel, "PSUBSCRIBE", "app:n*")
	app.want("app", "ACL", "WHOAMI")
	app.want(noCommand("acl|list"), "ACL", "LIST")

	reader.want(noCommand("set"), "SET", "k", "v")
	reader.want("OK", "MULTI")
	reader.want("QUEUED", "GET", "app:1")
	reader.want(noCommand("del"), "DEL", "app:1")
	reader.want(replyError(errExecAbort), "EXEC")
	// A pipeline of the usual commands is held to the rights as well.
	reader.write(command("SET", "a", "1") + command("SET", "b", "1") + command("GET", "a"))
	reader.wantNext(noCommand("set"))
	reader.wantNext(noCommand("set"))
	reader.wantNext(nil)
	app.write(command("GET", "other") + command("GET", "app:1") + command("GET", "other"))
	app.wantNext(noKey)
	app.wantNext(nil)
	app.wantNext(noKey)
}

func TestUsersAreReadAnew(t *testing.T) {
	s, path := newServerOfUsers(t)
	admin, app, gone := s.dial(t), s.dial(t), s.dial(t)
	admin.want("OK", "AUTH", "admin", "p")
	app.want("OK", "AUTH", "app", "p")
	gone.want("OK", "AUTH", "reader", "p")
	app.want(noCommand("keys"), "KEYS", "*")
	if err := os.WriteFile(path, []byte("user admin on >p ~* &* +@all\nuser app on >q ~* +@all\nuser x +@nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, ok := admin.do("ACL", "LOAD").(replyError); !ok || !strings.Contains(string(got), "line 3") {
		t.Errorf("a file that is wrong: %v", got)
	}
	app.want(noCommand("keys"), "KEYS", "*")
	if err := os.WriteFile(path, []byte("user default off\nuser admin on >p ~* &* +@all\nuser app on >q ~* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin.want("OK", "ACL", "LOAD")
	app.want([]any{}, "KEYS", "*")
	gone.want(noAuth, "GET", "k")
	gone.want(wrongPassword, "AUTH", "reader", "p")
	gone.want("OK", "AUTH", "app", "q")
	admin.want([]any{"admin", "app", "default"}, "ACL", "USERS")
	if list, ok := admin.do("ACL", "LIST").([]any); !ok || len(list) != 3 || !strings.HasPrefix(list[0].(string), "user admin on #") {
		t.Errorf("ACL LIST: %v", list)
	}
	if user, ok := admin.do("ACL", "GETUSER", "app").([]any); !ok || len(user) != 12 || user[10] != "selectors" {
		t.Errorf("ACL GETUSER: %v", user)
	}
	admin.want(nil, "ACL", "GETUSER", "nobody")
	if names, ok := admin.do("ACL", "CAT", "bitmap").([]any); !ok || !slices.Contains(names, any("setbit")) || slices.Contains(names, any("get")) {
		t.Errorf("ACL CAT: %v", names)
	}
	if password, ok := admin.do("ACL", "GENPASS", "5").(string); !ok || len(password) != 2 {
		t.Errorf("ACL GENPASS: %q", password)
	}
	admin.want(replyError(errNotInteger), "ACL", "GENPASS", "1.5")
	if got, ok := admin.do("ACL", "SETUSER", "x", "on").(replyError); !ok || !strings.Contains(string(got), "--users") {
		t.Errorf("ACL SETUSER: %v", got)
	}
}

func TestRightsAreLookedAtAgainInExec(t *testing.T) {
	s, path := newServerOfUsers(t)
	admin, app := s.dial(t), s.dial(t)
	admin.want("OK", "AUTH", "admin", "p")
	app.want("OK", "AUTH", "app", "p")
	app.want("OK", "MULTI")
	app.want("QUEUED", "SET", "app:1", "v")
	app.want("QUEUED", "SET", "app:kept", "v")
	app.want("QUEUED", "PUBLISH", "app:news", "m")
	app.want("QUEUED", "ECHO", "said")
	rules := "user default off\nuser admin on >p ~* &* +@all\nuser app on >p ~app:kept +@all -echo\n"
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	admin.want("OK", "ACL", "LOAD")
	const changed = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to "
	app.want([]any{
		replyError(changed + "touch the specified keys"), "OK",
		replyError(changed + "access one of the channels used as arguments"),
		replyError(changed + "execute the command or subcommand"),
	}, "EXEC")
	admin.want(nil, "GET", "app:1")
	admin.want("v", "GET", "app:kept")
}

func TestListenersWithoutRightsAreCutOff(t *testing.T) {
	s, path := newServerOfUsers(t)
	admin := s.dial(t)
	admin.want("OK", "AUTH", "admin", "p")
	listen := func(user, command, channel string) *testConn {
		c := s.dial(t)
		c.want("OK", "AUTH", user, "p")
		c.want([]any{strings.ToLower(command), channel, int64(1)}, command, channel)
		return c
	}
	entitled, all := listen("app", "SUBSCRIBE", "app:kept"), listen("admin", "PSUBSCRIBE", "*")
	lost, pattern := listen("app", "SUBSCRIBE", "app:lost"), listen("app", "PSUBSCRIBE", "app:*")
	rules := "user default off\nuser admin on >p ~* &* +@all\nuser app on >p &app:kept +@all\n"
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	admin.want("OK", "ACL", "LOAD")
	lost.wantClosed()
	pattern.wantClosed()
	admin.want(int64(2), "PUBLISH", "app:kept", "m")
	entitled.wantNext([]any{"message", "app:kept", "m"})
	all.wantNext([]any{"pmessage", "*", "app:kept", "m"})

	if err := os.WriteFile(path, []byte("user admin on >p ~* &* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin.want("OK", "ACL", "LOAD")
	entitled.wantClosed()
}

// TestAuthInATransaction: AUTH acts at its place in EXEC, as in Redis: what follows is held
// to the rights of the new user, and only if all of it is committed is the client that.
func TestAuthInATransaction(t *testing.T) {
	s, _ := newServerOfUsers(t)
	c := s.dial(t)
	c.want("OK", "AUTH", "admin", "p")
	const changed = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to "
	queue := func(commands ...[]string) {
		t.Helper()
		c.want("OK", "MULTI")
		for _, args := range commands {
			c.want("QUEUED", args...)
		}
	}
	queue([]string{"AUTH", "reader", "p"}, []string{"SET", "a", "1"}, []string{"GET", "a"}, []string{"ACL", "WHOAMI"},
		[]string{"AUTH", "admin", "p"}, []string{"SET", "b", "1"}, []string{"AUTH", "reader", "wrong"}, []string{"ACL", "WHOAMI"})
	c.want([]any{
		"OK", replyError(changed + "execute the command or subcommand"), nil, replyError(changed + "execute the command or subcommand"),
		"OK", "OK", wrongPassword, "admin",
	}, "EXEC")
	c.want("admin", "ACL", "WHOAMI")
	c.want([]any{nil, "1"}, "MGET", "a", "b")

	queue([]string{"ACL", "WHOAMI"}, []string{"AUTH", "app", "p"}, []string{"ACL", "WHOAMI"})
	c.want([]any{"admin", "OK", "app"}, "EXEC")
	c.want("app", "ACL", "WHOAMI")

	// What is not committed has changed nothing.
	c.want("OK", "AUTH", "admin", "p")
	queue([]string{"AUTH", "app", "p"})
	c.want("OK", "DISCARD")
	c.want("admin", "ACL", "WHOAMI")
	c.want("OK", "WATCH", "k")
	s.dialAs(t, "admin", "p").want("OK", "SET", "k", "v")
	queue([]string{"AUTH", "app", "p"})
	c.want(nil, "EXEC")
	c.want("admin", "ACL", "WHOAMI")
}

// dialAs is dial as a user.
func (s *testServer) dialAs(t *testing.T, name, password string) *testConn {
	t.Helper()
	c := s.dial(t)
	c.want("OK", "AUTH", name, password)
	return c
}
