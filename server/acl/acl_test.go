package acl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testFile = `
# Who may use the server.
user default off
user admin on >s3cret ~* &* +@all

user reader on #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b %R~app:* +@read +@connection -keys
user app on >one >two ~app:* %W~log:* &app:* +@all -@dangerous +config|get -@admin -client +client|id
`

func readUsers(t *testing.T, text string) Users {
	users, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return users
}

// Some commands, as a server names and sorts them.
var (
	cmdGet       = Command{"get", []string{"read", "string", "fast"}}
	cmdSet       = Command{"set", []string{"write", "string", "slow"}}
	cmdKeys      = Command{"keys", []string{"read", "keyspace", "slow", "dangerous"}}
	cmdFlush     = Command{"flushall", []string{"write", "keyspace", "slow", "dangerous"}}
	cmdConfigGet = Command{"config|get", []string{"admin", "slow", "dangerous"}}
	cmdConfigSet = Command{"config|set", []string{"admin", "slow", "dangerous"}}
	cmdClientID  = Command{"client|id", []string{"connection", "slow"}}
	cmdClientKil = Command{"client|kill", []string{"connection", "slow"}}
)

func TestCommands(t *testing.T) {
	users := readUsers(t, testFile)
	for _, c := range []struct {
		user    string
		allowed []Command
		refused []Command
	}{
		{"default", nil, []Command{cmdGet, cmdSet, cmdKeys}},
		{"admin", []Command{cmdGet, cmdSet, cmdFlush, cmdConfigSet, cmdClientKil}, nil},
		{"reader", []Command{cmdGet, cmdClientID, cmdClientKil}, []Command{cmdSet, cmdKeys, cmdFlush, cmdConfigGet}},
		{"app", []Command{cmdGet, cmdSet, cmdClientID}, []Command{cmdKeys, cmdFlush, cmdConfigSet, cmdConfigGet, cmdClientKil}},
	} {
		for _, cmd := range c.allowed {
			if !users[c.user].MayRun(cmd) {
				t.Errorf("%s may not run %s", c.user, cmd.Name)
			}
		}
		for _, cmd := range c.refused {
			if users[c.user].MayRun(cmd) {
				t.Errorf("%s may run %s", c.user, cmd.Name)
			}
		}
	}
}

func TestKeysAndChannels(t *testing.T) {
	users := readUsers(t, testFile)
	app, reader, admin := users["app"], users["reader"], users["admin"]
	for what, c := range map[string]struct{ got, want bool }{
		"app reads its own":              {app.MayRead("app:1"), true},
		"app writes its own":             {app.MayWrite("app:1"), true},
		"app reads another's":            {app.MayRead("other"), false},
		"app reads what it may write":    {app.MayRead("log:1"), false},
		"app writes what it may write":   {app.MayWrite("log:1"), true},
		"app reads a part of its own":    {app.MayReadPrefix("app:a"), true},
		"app reads more than its own":    {app.MayReadPrefix("ap"), false},
		"app writes a prefix":            {app.MayWritePrefix("log:"), true},
		"app uses its channel":           {app.MayUse("app:news"), true},
		"app uses another's channel":     {app.MayUse("news"), false},
		"app listens to its pattern":     {app.MayUsePattern("app:*"), true},
		"app listens to another pattern": {app.MayUsePattern("app:n*"), false},
		"reader writes":                  {reader.MayWrite("app:1"), false},
		"reader reads":                   {reader.MayRead("app:1"), true},
		"reader reads a prefix":          {reader.MayReadPrefix("app:"), true},
		"reader writes a prefix":         {reader.MayWritePrefix("app:"), false},
		"admin reads all":                {admin.MayReadPrefix(""), true},
		"admin is unrestricted":          {admin.Unrestricted(), true},
		"app is unrestricted":            {app.Unrestricted(), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", what, c.got)
		}
	}
}

func TestPasswords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte(testFile), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := LoadList(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, password string
		right          bool
	}{
		{"admin", "s3cret", true}, {"admin", "", false}, {"admin", "s3cre", false},
		{"reader", "secret", true}, {"reader", "Secret", false},
		{"app", "one", true}, {"app", "two", true}, {"app", "three", false},
		{"default", "", false}, {"nobody", "s3cret", false},
	} {
		if got := list.Authenticate(c.name, c.password); (got != nil) != c.right || got != nil && got.Name != c.name {
			t.Errorf("%s with %q: %v", c.name, c.password, got)
		}
	}
	if list.Anonymous() != nil {
		t.Error("the user default is off, and is not asked for a password")
	}
	// A file that is wrong changes nothing.
	if err := os.WriteFile(path, []byte("user x on\nuser y +@nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := list.Reload(); err == nil || !strings.Contains(err.Error(), path+": line 2: ") {
		t.Errorf("%v", err)
	}
	if list.Authenticate("app", "one") == nil || list.Find("x") != nil {
		t.Error("a file that is wrong was taken")
	}
	if err := os.WriteFile(path, []byte("user x on >p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := list.Reload(); err != nil || list.Find("app") != nil || list.Authenticate("x", "p") == nil || list.Anonymous() == nil {
		t.Errorf("a file that is right was not taken: %v", err)
	}
}

func TestAPasswordForAll(t *testing.T) {
	if u := NewList("").Anonymous(); u == nil || !u.Unrestricted() {
		t.Errorf("without a password: %+v", u)
	}
	list := NewList("p")
	if list.Anonymous() != nil || list.Authenticate(DefaultName, "q") != nil || !list.Authenticate(DefaultName, "p").Unrestricted() {
		t.Error("the password makes no difference")
	}
	before := list.Changes()
	list.SetPassword("")
	if list.Anonymous() == nil || list.Changes() == before {
		t.Error("it cannot be taken away")
	}
}

func TestWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"usr a on":          "line 1: a line is",
		"user":              "line 1: a line is",
		"\nuser a on what":  `line 2: user "a", rule "what": there is no such rule`,
		"user a #12":        "a hash is the SHA-256",
		"user a >p\nuser a": "is in the file twice",
		"user a +@nonsense": `there is no category "nonsense"`,
		"user a %X~k":       "it is %R~",
		"user a %~k":        "it is %R~",
		"user a %R~":        "it is %R~",
		"user a +a|b|c":     "a command is COMMAND",
		"user a !notahash":  "a hash is",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := NewUser("a", []string{">p", "<secret", "+|x"}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	if _, err := LoadList(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestRulesComeBack: what a user is shown as makes the same user.
func TestRulesComeBack(t *testing.T) {
	for name, user := range readUsers(t, testFile) {
		rules := user.Rules()
		again, err := NewUser(name, strings.Fields(rules))
		if err != nil {
			t.Fatal(err)
		}
		if again.Rules() != rules {
			t.Errorf("%q, and again %q", rules, again.Rules())
		}
		for _, cmd := range []Command{cmdGet, cmdSet, cmdKeys, cmdFlush, cmdConfigGet, cmdConfigSet, cmdClientID, cmdClientKil} {
			if again.MayRun(cmd) != user.MayRun(cmd) {
				t.Errorf("%s, %s: not as before", rules, cmd.Name)
			}
		}
	}
}
