package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
)

// newServerWith serves a database in memory for the users of a file.
func newServerWith(t *testing.T, file string) *testServer {
	t.Helper()
	return newServerOfUsers(t, filepath.Join(t.TempDir(), "users"), file)
}

// newServerOfUsers is newServerWith whose file is at a path.
func newServerOfUsers(t *testing.T, path, file string) *testServer {
	t.Helper()
	return newServerOfUsersOver(t, path, "", file)
}

// newServerOfUsersOver is newServerOfUsers over the database of a directory.
func newServerOfUsersOver(t *testing.T, path, dir, file string) *testServer {
	t.Helper()
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := acl.LoadList(path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := mantisdb.Open(dir, &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := serveHandler(t, NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), testAbout).WithUsers(users))
	s.db = db
	return s
}

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

func TestAuthentication(t *testing.T) {
	s := newServerWith(t, "user default on >p ~* +@all\nuser a on >x:y ~* +@all\nuser b off >p ~* +@all\n")
	for _, c := range []struct {
		authorization string
		status        int
	}{
		{"", http.StatusUnauthorized},
		{basic("default", "p"), http.StatusNoContent},
		{basic("default", "q"), http.StatusUnauthorized},
		{basic("default", ""), http.StatusUnauthorized},
		{basic("a", "x:y"), http.StatusNoContent},
		{basic("b", "p"), http.StatusUnauthorized},
		{basic("nobody", "p"), http.StatusUnauthorized},
		{"Bearer p", http.StatusNoContent},
		{"bearer p", http.StatusNoContent},
		{"Bearer a:x:y", http.StatusNoContent},
		{"Bearer q", http.StatusUnauthorized},
		{"Bearer", http.StatusUnauthorized},
		{"Digest p", http.StatusUnauthorized},
	} {
		var headers []string
		if c.authorization != "" {
			headers = []string{"Authorization", c.authorization}
		}
		for _, method := range []string{"PUT", "DELETE"} {
			got := s.do(method, "/api/v1/kv/k", "v", headers...)
			if got.status != c.status {
				t.Errorf("%s with %q: %d %s, want %d", method, c.authorization, got.status, got.body, c.status)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (challenge != "") != (c.status == http.StatusUnauthorized) {
				t.Errorf("%s with %q: the challenge is %q", method, c.authorization, challenge)
			}
		}
	}
	for _, path := range []string{"/health", "/health/live", "/health/ready", "/api/v1/health", "/api/v1/version", "/api/v1/openapi.yaml", "/"} {
		if got := s.do("GET", path, ""); got.status != http.StatusOK {
			t.Errorf("%s without a password: %d", path, got.status)
		}
	}
	for _, path := range []string{"/api/v1/stats", "/api/v1/figures", "/api/v1/figures/stream", "/api/v1/warnings", "/api/v1/engine", "/api/v1/scan", "/api/v1/backup", "/api/v1/keyspaces", "/api/v1/watch"} {
		if got := s.do("GET", path, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s without a password: %d", path, got.status)
		}
	}
}

func TestRights(t *testing.T) {
	s := newServerWith(t, "user default off\nuser r on >p %R~app:* +@read\nuser w on >p ~app:* +@read +@write -@dangerous\nuser o on >p ~* +@all\n")
	put := []byte(`{"operations":[{"op":"put","key":"YXBwOjE=","value":"dg=="}]}`)
	for _, c := range []struct {
		method, path, body string
		r, w, o            int
	}{
		{"PUT", "/api/v1/kv/app:1", "v", 403, 204, 204},
		{"PUT", "/api/v1/kv/other", "v", 403, 403, 204},
		{"GET", "/api/v1/kv/app:1", "", 200, 200, 200},
		{"HEAD", "/api/v1/kv/app:1", "", 200, 200, 200},
		{"GET", "/api/v1/kv/other", "", 403, 403, 200},
		{"POST", "/api/v1/kv/app:n?op=increment", "", 403, 200, 200},
		{"POST", "/api/v1/kv/n?op=increment", "", 403, 403, 200},
		{"DELETE", "/api/v1/kv/app:n", "", 403, 204, 204},
		{"GET", "/api/v1/scan?prefix=app:", "", 200, 200, 200},
		{"GET", "/api/v1/scan?prefix=app:1", "", 200, 200, 200},
		{"GET", "/api/v1/scan?prefix=ap", "", 403, 403, 200},
		{"GET", "/api/v1/scan", "", 403, 403, 200},
		{"GET", "/api/v1/scan?start=app:&end=app%3B", "", 403, 403, 200},
		{"POST", "/api/v1/kv/batch", string(put), 403, 403, 200},
		{"DELETE", "/api/v1/range?prefix=app:x", "", 403, 403, 204},
		{"GET", "/api/v1/stats", "", 403, 403, 200},
		{"GET", "/api/v1/figures", "", 403, 403, 200},
		{"GET", "/api/v1/warnings", "", 403, 403, 200},
		{"GET", "/api/v1/engine", "", 403, 403, 200},
		{"GET", "/api/v1/backup", "", 403, 403, 200},
		{"POST", "/api/v1/sync", "", 403, 403, 204},
		{"GET", "/api/v1/keyspaces/none/scan", "", 403, 403, 404},
		{"GET", "/api/v1/keyspaces/none/kv/app:1", "", 404, 404, 404},
		{"GET", "/api/v1/keyspaces/none/kv/other", "", 403, 403, 404},
	} {
		// The one who may do most comes first, so that there is something to read.
		for _, who := range []struct {
			name   string
			status int
		}{{"o", c.o}, {"w", c.w}, {"r", c.r}} {
			got := s.do(c.method, c.path, c.body, "Authorization", basic(who.name, "p"), "Content-Type", "application/json")
			if got.status != who.status {
				t.Errorf("%s: %s %s: %d %s, want %d", who.name, c.method, c.path, got.status, got.body, who.status)
			}
		}
	}
}

// TestWatchesEndWithTheRightToThem: a stream needs no request to go on, so it is ended.
func TestWatchesEndWithTheRightToThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	const kept = "user kept on >p ~* +@all\n"
	const all = kept + "user gone on >p ~* +@all\nuser less on >p ~* +@all\nuser keys on >p ~* +@all\nuser other on >p ~* +@all\nuser default on nopass ~* +@all\n"
	s := newServerOfUsers(t, path, all)
	users := s.Config.Handler.(*Handler).users
	watch := func(name string) *eventReader {
		r := s.stream("/api/v1/watch?prefix=a&encoding=text", "Authorization", basic(name, "p"))
		r.next()
		return r
	}
	stays := watch("kept")
	gone, less, keys, other := watch("gone"), watch("less"), watch("keys"), watch("other")
	anonymous := s.stream("/api/v1/watch")
	anonymous.next()

	const fewer = kept + "user less on >p ~* +get\nuser keys on >p ~b* +@all\nuser other on >q ~* +@all\nuser default off\n"
	if err := os.WriteFile(path, []byte(fewer), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := users.Reload(); err != nil {
		t.Fatal(err)
	}
	gone.wantFailure(unauthorized)
	less.wantFailure(forbidden)
	keys.wantFailure(forbidden)
	other.wantFailure(unauthorized)
	anonymous.wantFailure(unauthorized)
	s.put("a", "v")
	if e, ok := stays.next(); !ok || e.name != "put" {
		t.Errorf("who has the right still got %+v", e)
	}
}

// TestKeysOfSegments: the right to figures tells nothing of keys that a user may not read.
func TestKeysOfSegments(t *testing.T) {
	s := newServerOfUsersOver(t, filepath.Join(t.TempDir(), "users"), filepath.Join(t.TempDir(), "data"),
		"user default off\nuser r on >p ~mine:* +info\nuser o on >p %R~* +info\n")
	if err := s.db.Put([]byte("other:secret"), []byte("v")); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Compact(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"r": "", "o": "other:secret"} {
		a := s.do("GET", "/api/v1/engine", "", "Authorization", basic(name, "p"))
		var got mantisdb.Structure
		if err := json.Unmarshal([]byte(a.body), &got); a.status != http.StatusOK || err != nil {
			t.Fatalf("%s: %d %v %s", name, a.status, err, a.body)
		}
		segments := 0
		for _, level := range got.Levels {
			for _, segment := range level.Segments {
				segments++
				// The Go engine has a key of its own before the first one.
				if string(segment.Largest) != want || (len(segment.Smallest) == 0) != (want == "") {
					t.Errorf("%s: %q to %q, want %q", name, segment.Smallest, segment.Largest, want)
				}
			}
		}
		if segments != 1 {
			t.Errorf("%s: %d segments", name, segments)
		}
	}
}
