package httpapi

import (
	"net/url"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
)

func (s *testServer) createKeyspace(body string) answer {
	s.t.Helper()
	return s.do("POST", keyspacesPath, body, "Content-Type", "application/json")
}

func wantAnswer(t *testing.T, what string, a answer, status int, body string) {
	t.Helper()
	if a.status != status || strings.TrimSuffix(a.body, "\n") != body {
		t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, status, body)
	}
}

func TestKeyspaces(t *testing.T) {
	s := newServer(t)
	wantAnswer(t, "a list of none", s.do("GET", keyspacesPath, ""), 200, `{"keyspaces":[]}`)
	a := s.createKeyspace(`{"name":"sessions/é","ttl":"90s","memory_only":true}`)
	wantAnswer(t, "create", a, 201, "")
	path := keyspacesPath + "/sessions%2F%C3%A9"
	if a.header.Get("Location") != path {
		t.Errorf("Location: %s", a.header.Get("Location"))
	}
	object := `{"name":"sessions/é","ttl":"1m30s","memory_only":true}`
	wantAnswer(t, "get", s.do("GET", path, ""), 200, object)
	wantAnswer(t, "create another", s.createKeyspace(`{"name":"a"}`), 201, "")
	wantAnswer(t, "list", s.do("GET", keyspacesPath, ""), 200, `{"keyspaces":[{"name":"a"},`+object+`]}`)
	wantProblem(t, s.createKeyspace(`{"name":"a"}`), keyspaceExists)
	wantProblem(t, s.createKeyspace(`{"name":".."}`), malformedRequest)
	wantProblem(t, s.createKeyspace(`{"name":"a\u0001"}`), malformedRequest)
	wantProblem(t, s.createKeyspace(`{"name":"`+strings.Repeat("n", mantisdb.MaxKeyspaceNameLen+1)+`"}`), malformedRequest)
	wantProblem(t, s.createKeyspace(`{"name":"b","size":1}`), malformedRequest)

	wantAnswer(t, "put", s.do("PUT", path+"/kv/a%2Fb", "v"), 204, "")
	a = s.do("GET", path+"/kv/a/b", "")
	wantAnswer(t, "get of the key", a, 200, "v")
	if a.header.Get(expiresAtHeader) == "" {
		t.Error("the keyspace's time to live was not kept")
	}
	wantAnswer(t, "drop", s.do("DELETE", path, ""), 204, "")
	for _, a := range []answer{
		s.do("GET", path, ""), s.do("DELETE", path, ""), s.do("GET", path+"/kv/a", ""), s.do("PUT", path+"/kv/a", "v"),
		s.do("GET", path+"/scan", ""), s.do("DELETE", path+"/range?all=true", ""), s.do("GET", keyspacesPath+"//kv/a", ""),
		s.do("POST", path+"/kv/batch", `{"operations":[]}`, "Content-Type", "application/json"),
	} {
		wantProblem(t, a, keyspaceNotFound)
	}
	for target, kind := range map[string]kind{
		path + "/kv":     routeNotFound,
		path + "/kv/":    keyspaceNotFound,
		path + "/none":   routeNotFound,
		path + "/health": routeNotFound,
		keyspacesPath + "/a/kv/" + strings.Repeat("k", mantisdb.MaxKeyLen+1): invalidKey,
		keyspacesPath + "/a/kv/": invalidKey,
	} {
		wantProblem(t, s.do("GET", target, ""), kind)
	}
	wantProblem(t, s.do("PUT", keyspacesPath+"/a/range", ""), methodNotAllowed)
}

// TestKeyspacesAreApart: the same key has a value in each keyspace, whatever reads it.
func TestKeyspacesAreApart(t *testing.T) {
	s := newServer(t)
	bases := []string{apiPath, keyspacesPath + "/a", keyspacesPath + "/b"}
	s.createKeyspace(`{"name":"a"}`)
	s.createKeyspace(`{"name":"b"}`)
	for _, key := range strangeKeys {
		if key == "" {
			continue
		}
		for _, base := range bases {
			wantAnswer(t, "put", s.do("PUT", base+"/kv/"+encodeAll(key), base), 204, "")
		}
		for _, base := range bases {
			wantAnswer(t, "get", s.do("GET", base+"/kv/"+encodeAll(key), ""), 200, base)
		}
	}
	wantAnswer(t, "delete", s.do("DELETE", bases[1]+"/range?all=true", ""), 204, "")
	wantAnswer(t, "an empty scan", s.do("GET", bases[1]+"/scan", ""), 200, `{"end":true,"count":0,"next_cursor":null}`)
	for _, base := range []string{bases[0], bases[2]} {
		scan := s.do("GET", base+"/scan?encoding=text", "").body
		if got, want := strings.Count(scan, `"value_text":"`+base+`"`), strings.Count(scan, "\n")-1; got != want || got == 0 {
			t.Errorf("a scan of %s has %d values of it, and %d entries", base, got, want)
		}
	}
}

// TestOperationsInKeyspaces: an operation goes to the keyspace that it names, else to that
// of the path.
func TestOperationsInKeyspaces(t *testing.T) {
	s := newServer(t)
	s.createKeyspace(`{"name":"a"}`)
	s.createKeyspace(`{"name":"b"}`)
	json := []string{"Content-Type", "application/json"}
	body := `{"operations":[
		{"op":"put","key_text":"k","value_text":"here"},
		{"op":"put","key_text":"k","value_text":"there","keyspace":"b"}]}`
	wantAnswer(t, "a batch", s.do("POST", keyspacesPath+"/a/kv/batch", body, json...), 200, `{"operations":2}`)
	wantAnswer(t, "a", s.do("GET", keyspacesPath+"/a/kv/k", ""), 200, "here")
	wantAnswer(t, "b", s.do("GET", keyspacesPath+"/b/kv/k", ""), 200, "there")
	wantProblem(t, s.do("GET", "/api/v1/kv/k", ""), keyNotFound)
	// With an operation, or another method, it is the key "batch".
	wantAnswer(t, "the key batch", s.do("POST", keyspacesPath+"/a/kv/batch?op=append", "x"), 200, `{"length":1,"version":`+lastVersion(t, s)+`}`)
	wantAnswer(t, "the key batch", s.do("GET", keyspacesPath+"/a/kv/batch", ""), 200, "x")

	transact := func(base, conditions string) answer {
		return s.do("POST", base+"/transaction", `{"conditions":[`+conditions+`],"operations":[
			{"op":"delete_range","prefix_text":"k","keyspace":"b"},{"op":"put","key_text":"done","value_text":""}]}`, json...)
	}
	wantProblem(t, transact(apiPath, `{"key_text":"k","value_text":"here"}`), conditionFailed)
	wantProblem(t, transact(keyspacesPath+"/a", `{"keyspace":"b","key_text":"k","value_text":"here"}`), conditionFailed)
	wantAnswer(t, "b", s.do("GET", keyspacesPath+"/b/kv/k", ""), 200, "there")
	both := `{"key_text":"k","value_text":"here"},{"keyspace":"b","key_text":"k","value_text":"there"}`
	wantAnswer(t, "a transaction", transact(keyspacesPath+"/a", both), 200, `{"committed":true,"operations":2}`)
	wantProblem(t, s.do("GET", keyspacesPath+"/b/kv/k", ""), keyNotFound)
	wantAnswer(t, "a", s.do("GET", keyspacesPath+"/a/kv/done", ""), 200, "")
	wantProblem(t, s.do("POST", "/api/v1/kv/batch", `{"operations":[{"op":"delete","keyspace":"c","key_text":"k"}]}`, json...), keyspaceNotFound)
}

func lastVersion(t *testing.T, s *testServer) string {
	t.Helper()
	tag := s.do("GET", keyspacesPath+"/a/kv/batch", "").header.Get("ETag")
	return strings.Trim(tag, `"`)
}

// TestDeleteRange: bounds select what goes, and everything must be asked for.
func TestDeleteRange(t *testing.T) {
	s := newServer(t)
	for query, left := range map[string]string{
		"prefix=b":              "a c d",
		"start=b":               "a",
		"end=c":                 "c d",
		"start=b&end=d":         "a d",
		"prefix=b&start=c":      "a b b1 c d",
		"start=%62%31&end=%64":  "a b d",
		"all=true":              "",
		"all=false&start=b1":    "a b",
		"end=b&durability=sync": "b b1 c d",
	} {
		for _, key := range []string{"a", "b", "b1", "c", "d"} {
			s.put(key, "v")
		}
		wantAnswer(t, query, s.do("DELETE", "/api/v1/range?"+query, ""), 204, "")
		var keys []string
		for key := range s.db.Scan(mantisdb.Range{}).All() {
			keys = append(keys, string(key))
		}
		if got := strings.Join(keys, " "); got != left {
			t.Errorf("%s leaves %s, want %s", query, got, left)
		}
	}
	s.put("a", "v")
	for _, query := range []string{"", "?", "?prefix=", "?start=a&end=", "?start=&end=b", "?prefix=&start=a", "?prefix=&all=true", "?all=false", "?all=true&prefix=a", "?all=yes", "?limit=1", "?start=a&start=b"} {
		wantProblem(t, s.do("DELETE", "/api/v1/range"+query, ""), malformedRequest)
	}
	wantProblem(t, s.do("DELETE", "/api/v1/range?all=true", "", "If-Match", `"1"`), malformedRequest)
	wantProblem(t, s.do("DELETE", "/api/v1/range?start="+strings.Repeat("k", mantisdb.MaxKeyLen+1), ""), invalidKey)
	s.wantValue("a", "v")
}

// TestCursorOfAnotherKeyspace is refused, since it would skip what was never told.
func TestCursorOfAnotherKeyspace(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"a", "b"} {
		s.createKeyspace(`{"name":"` + name + `"}`)
		for _, key := range []string{"k1", "k2"} {
			s.do("PUT", keyspacesPath+"/"+name+"/kv/"+key, "v")
		}
	}
	page := s.do("GET", keyspacesPath+"/a/scan?limit=1", "").body
	_, cursor, _ := strings.Cut(page, `"next_cursor":"`)
	cursor, _, _ = strings.Cut(cursor, `"`)
	if a := s.do("GET", keyspacesPath+"/a/scan?cursor="+url.QueryEscape(cursor), ""); a.status != 200 || !strings.Contains(a.body, `"count":1`) {
		t.Errorf("the next page: %d %s", a.status, a.body)
	}
	for _, base := range []string{apiPath, keyspacesPath + "/b"} {
		wantProblem(t, s.do("GET", base+"/scan?cursor="+url.QueryEscape(cursor), ""), malformedRequest)
	}
}

func TestAppliedIndexIsTold(t *testing.T) {
	s := newServer(t)
	wantAnswer(t, "none", s.do("GET", "/api/v1/applied-index", ""), 200, `{"applied_index":null}`)
	var b mantisdb.Batch
	if err := b.SetAppliedIndex([]byte{0, 7}); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Write(&b); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, "two bytes", s.do("GET", "/api/v1/applied-index", ""), 200, `{"applied_index":"AAc="}`)
}
