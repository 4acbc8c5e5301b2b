package httpapi

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// strangeKeys are keys that a server which cleans paths would lose.
var strangeKeys = []string{
	"a", "batch", "a/b", "a/../b", "a//b", "/", "//", "/a", "a/", ".", "..", "../..", "./a", "a/.",
	"%", "%2F", "+", " ", "a b", "?", "#", "a?b=c", "&", "\\", "\"", "\x00", "\x00\xff", "\xff\xfe",
	"\n", "\r\n", "é", "日本", "\xc3\x28", "key:with;punctuation=,@!$'()*~", "kv/batch", "../scan",
}

func TestKeysAreTakenAsTheyAre(t *testing.T) {
	s := newServer(t)
	for _, key := range strangeKeys {
		for name, path := range map[string]string{
			"every byte encoded": kvPrefix + encodeAll(key),
			"as few as may be":   kvPrefix + encodeLittle(key),
		} {
			value := fmt.Sprintf("%q %s", key, name)
			if a := s.do("PUT", path, value); a.status != http.StatusNoContent {
				t.Errorf("PUT %s: %d %s", path, a.status, a.body)
			}
			stored, err := s.db.Get([]byte(key))
			if err != nil || string(stored) != value {
				t.Errorf("PUT %s: the key %q holds %q, %v", path, key, stored, err)
			}
			if a := s.do("GET", path, ""); a.status != http.StatusOK || a.body != value {
				t.Errorf("GET %s: %d %q", path, a.status, a.body)
			}
			if a := s.do("HEAD", path, ""); a.status != http.StatusOK || a.header.Get("Content-Length") != strconv.Itoa(len(value)) {
				t.Errorf("HEAD %s: %d %v", path, a.status, a.header)
			}
			if a := s.do("DELETE", path, ""); a.status != http.StatusNoContent {
				t.Errorf("DELETE %s: %d %s", path, a.status, a.body)
			}
			if ok, err := s.db.Has([]byte(key)); ok || err != nil {
				t.Errorf("DELETE %s: the key is still there: %v", path, err)
			}
		}
	}
}

// TestKeysOnTheLine sends request lines that no client library would.
func TestKeysOnTheLine(t *testing.T) {
	s := newServer(t)
	for line, key := range map[string]string{
		"/api/v1/kv/a/../b":                    "a/../b",
		"/api/v1/kv/../../../etc/passwd":       "../../../etc/passwd",
		"/api/v1/kv//":                         "/",
		"/api/v1/kv/%2e%2E":                    "..",
		"/api/v1/kv/a%2fb":                     "a/b",
		"/api/v1/kv/caf\xc3\xa9":               "café",
		"/api/v1/kv/a#b":                       "a#b",
		"/api/v1/kv/a%3Fb?ttl=1h":              "a?b",
		"http://127.0.0.1/api/v1/kv/absolute/": "absolute/",
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nv", line)
		status, err := bufio.NewReader(conn).ReadString('\n')
		conn.Close()
		if err != nil || !strings.HasPrefix(status, "HTTP/1.1 204") {
			t.Errorf("%s: %q, %v", line, status, err)
		}
		if ok, err := s.db.Has([]byte(key)); !ok || err != nil {
			t.Errorf("%s: the key %q is missing: %v", line, key, err)
		}
	}
}

// FuzzKey: whatever a path spells is the key, by every method.
func FuzzKey(f *testing.F) {
	for _, key := range strangeKeys {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, escaped := range []string{encodeAll(key), encodeLittle(key), url.PathEscape(key)} {
			u, err := url.ParseRequestURI(kvPrefix + escaped)
			if err != nil {
				t.Fatalf("%q: %v", escaped, err)
			}
			if got, ok := entryPathOf(u); !ok || got.isNamed || string(got.key) != key {
				t.Fatalf("%q is taken for %+v, %v", escaped, got, ok)
			}
			// The same bytes name a keyspace, and a key in it.
			u, err = url.ParseRequestURI(keyspacesPath + "/" + encodeAll(key) + "/kv/" + escaped)
			if err != nil {
				t.Fatalf("%q: %v", escaped, err)
			}
			if got, ok := entryPathOf(u); !ok || !got.isNamed || got.keyspace != key || string(got.key) != key {
				t.Fatalf("%q in a keyspace is taken for %+v, %v", escaped, got, ok)
			}
		}
	})
}

// encodeAll percent-encodes every byte.
func encodeAll(key string) string {
	var b strings.Builder
	for i := range len(key) {
		fmt.Fprintf(&b, "%%%02X", key[i])
	}
	return b.String()
}

// encodeLittle percent-encodes what a request line cannot hold.
func encodeLittle(key string) string {
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '?' || c == '#' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestGetHeaders(t *testing.T) {
	s := newServer(t)
	s.put("k", "v")
	if err := s.db.PutTTL([]byte("t"), []byte("w"), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, meta, err := s.db.AppendGetMeta(nil, []byte("t"))
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "HEAD"} {
		a := s.do(method, "/api/v1/kv/t", "")
		for name, want := range map[string]string{
			"Content-Type":           "application/octet-stream",
			"Content-Length":         "1",
			"Etag":                   fmt.Sprintf("%q", strconv.FormatUint(meta.Version, 10)),
			"Mantisdb-Expires-At":    strconv.FormatInt(meta.ExpiresAt, 10),
			"Vary":                   "Accept",
			"Cache-Control":          "no-cache",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got, want)
			}
		}
	}
	if a := s.do("GET", "/api/v1/kv/k", ""); a.header.Get("Mantisdb-Expires-At") != "" {
		t.Errorf("a value that never expires has the header %q", a.header.Get("Mantisdb-Expires-At"))
	}
}

func TestGetJSON(t *testing.T) {
	s := newServer(t)
	key, value := "k\xff", "text\x00"
	if err := s.db.PutTTL([]byte(key), []byte(value), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, meta, _ := s.db.AppendGetMeta(nil, []byte(key))
	a := s.do("GET", kvPrefix+encodeAll(key), "", "Accept", "application/json")
	want := fmt.Sprintf(`{"key":%q,"value":%q,"version":%d,"expires_at":%d}`+"\n",
		base64.StdEncoding.EncodeToString([]byte(key)), base64.StdEncoding.EncodeToString([]byte(value)), meta.Version, meta.ExpiresAt)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" || a.body != want {
		t.Errorf("%d %s, want %s", a.status, a.body, want)
	}
	a = s.do("GET", kvPrefix+encodeAll(key)+"?encoding=text", "", "Accept", "application/json")
	var entry map[string]any
	if err := json.Unmarshal([]byte(a.body), &entry); err != nil || entry["value_text"] != value || entry["key"] == nil {
		t.Errorf("%s: %v", a.body, err)
	}
}

func TestPut(t *testing.T) {
	s := newServer(t)
	now := time.Now()
	for _, c := range []struct {
		query  string
		header []string
		status int
		ttl    time.Duration
	}{
		{"", nil, 204, 0},
		{"?", nil, 204, 0},
		{"?ttl=30s", nil, 204, 30 * time.Second},
		{"?ttl=90", nil, 204, 90 * time.Second},
		{"", []string{"Content-Type", "text/html"}, 204, 0},
		{"", []string{"Content-Encoding", "identity"}, 204, 0},
	} {
		a := s.do("PUT", "/api/v1/kv/k"+c.query, "v"+c.query, c.header...)
		if a.status != c.status || a.body != "" {
			t.Errorf("%q %v: %d %q", c.query, c.header, a.status, a.body)
		}
		value, meta, err := s.db.AppendGetMeta(nil, []byte("k"))
		if err != nil || string(value) != "v"+c.query {
			t.Errorf("%q %v: stored %q, %v", c.query, c.header, value, err)
		}
		if c.ttl == 0 {
			if meta.ExpiresAt != 0 {
				t.Errorf("%q: expires at %d", c.query, meta.ExpiresAt)
			}
		} else if ttl := time.UnixMilli(meta.ExpiresAt).Sub(now); ttl < c.ttl-time.Second || ttl > c.ttl+time.Minute {
			t.Errorf("%q: lives %v", c.query, ttl)
		}
	}
	if a := s.do("PUT", "/api/v1/kv/empty", ""); a.status != 204 {
		t.Errorf("an empty value: %d %s", a.status, a.body)
	}
	if a := s.do("GET", "/api/v1/kv/empty", ""); a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "0" {
		t.Errorf("an empty value: %d %q", a.status, a.body)
	}
}

// TestReadsIgnoreConditions: they answer in full, whatever the client has.
func TestReadsIgnoreConditions(t *testing.T) {
	s := newServer(t)
	s.put("k", "v")
	tag := s.do("GET", "/api/v1/kv/k", "").header.Get("ETag")
	for _, header := range [][]string{
		{"If-None-Match", tag}, {"If-None-Match", "*"}, {"If-Match", `"other"`},
		{"If-Modified-Since", "Sat, 29 Oct 2095 19:43:31 GMT"}, {"If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"},
	} {
		if a := s.do("GET", "/api/v1/kv/k", "", header...); a.status != http.StatusOK || a.body != "v" {
			t.Errorf("%v: %d %s", header, a.status, a.body)
		}
	}
}

// TestRefusedWritesChangeNothing: a bad request is told, and loses nothing.
func TestRefusedWritesChangeNothing(t *testing.T) {
	s := newServer(t)
	s.put("k", "old")
	for _, c := range []struct {
		method, target string
		header         []string
		want           kind
	}{
		{"PUT", "/api/v1/kv/k?ttl=soon", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?ttl=", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?ttl=0", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?ttl=-5s", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?ttl=1s&ttl=2s", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?tll=1s", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?ttl=%zz", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k?ttl=1s;x", nil, malformedRequest},
		{"PUT", "/api/v1/kv/k", []string{"If-None-Match", `"5"`}, malformedRequest},
		{"PUT", "/api/v1/kv/k", []string{"If-None-Match", "*"}, keyExists},
		{"PUT", "/api/v1/kv/k", []string{"If-Match", `"5"`}, versionDiffers},
		{"PUT", "/api/v1/kv/k", []string{"If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"}, malformedRequest},
		{"PUT", "/api/v1/kv/k", []string{"Content-Range", "bytes 0-1/2"}, malformedRequest},
		{"PUT", "/api/v1/kv/k", []string{"Content-Encoding", "gzip"}, unsupportedMedia},
		{"PUT", "/api/v1/kv/k", []string{"Sec-Fetch-Site", "cross-site"}, crossOrigin},
		{"PUT", "/api/v1/kv/k", []string{"Origin", "http://elsewhere.example"}, crossOrigin},
		{"DELETE", "/api/v1/kv/k?x=1", nil, malformedRequest},
		{"DELETE", "/api/v1/kv/k", []string{"If-Match", `"5"`}, malformedRequest},
		{"DELETE", "/api/v1/kv/k", []string{"If-None-Match", "*"}, malformedRequest},
		{"DELETE", "/api/v1/kv/k", []string{"Sec-Fetch-Site", "same-site"}, crossOrigin},
		{"PUT", "/api/v1/kv/", nil, invalidKey},
		{"PUT", "/api/v1/kv/" + strings.Repeat("k", mantisdb.MaxKeyLen+1), nil, invalidKey},
		{"POST", "/api/v1/kv/k", nil, malformedRequest},
		{"PATCH", "/api/v1/kv/k", nil, methodNotAllowed},
	} {
		wantProblem(t, s.do(c.method, c.target, "new", c.header...), c.want)
		if value, err := s.db.Get([]byte("k")); err != nil || string(value) != "old" {
			t.Errorf("%s %.80s %v changed the value to %q, %v", c.method, c.target, c.header, value, err)
		}
	}
	if stats, err := s.db.Stats(); err != nil || stats.Puts != 1 || stats.Deletes != 0 {
		t.Errorf("something was written: %+v, %v", stats, err)
	}
}

func TestSameOriginMayWrite(t *testing.T) {
	s := newServer(t)
	if a := s.do("PUT", "/api/v1/kv/k", "v", "Sec-Fetch-Site", "same-origin"); a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestPutIfAbsent(t *testing.T) {
	s := newServer(t)
	if a := s.do("PUT", "/api/v1/kv/k?ttl=1h", "first", "If-None-Match", "*"); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, s.do("PUT", "/api/v1/kv/k", "second", "If-None-Match", "*"), keyExists)
	value, meta, err := s.db.AppendGetMeta(nil, []byte("k"))
	if err != nil || string(value) != "first" || meta.ExpiresAt == 0 {
		t.Errorf("%q, %+v, %v", value, meta, err)
	}

	// Of many at once, one wins.
	var wg sync.WaitGroup
	statuses := make([]int, 16)
	for i := range statuses {
		wg.Go(func() { statuses[i] = s.do("PUT", "/api/v1/kv/race", strconv.Itoa(i), "If-None-Match", "*").status })
	}
	wg.Wait()
	winner := -1
	for i, status := range statuses {
		switch {
		case status == http.StatusCreated && winner < 0:
			winner = i
		case status != http.StatusPreconditionFailed:
			t.Errorf("request %d: %d", i, status)
		}
	}
	if value, err := s.db.Get([]byte("race")); err != nil || string(value) != strconv.Itoa(winner) {
		t.Errorf("%q, %v, winner %d", value, err, winner)
	}
}

func TestAbsentKeys(t *testing.T) {
	s := newServer(t)
	wantProblem(t, s.do("GET", "/api/v1/kv/none", ""), keyNotFound)
	if a := s.do("HEAD", "/api/v1/kv/none", ""); a.status != 404 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	if a := s.do("DELETE", "/api/v1/kv/none", ""); a.status != 204 {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
	wantProblem(t, s.do("GET", "/api/v1/kv/", ""), invalidKey)
	wantProblem(t, s.do("GET", "/api/v1/kv/k?encoding=hex", ""), malformedRequest)
	s.do("PUT", "/api/v1/kv/brief?ttl=1ms", "v")
	time.Sleep(5 * time.Millisecond)
	wantProblem(t, s.do("GET", "/api/v1/kv/brief", ""), keyNotFound)
}

func TestLongestKey(t *testing.T) {
	s := newServer(t)
	key := strings.Repeat("\xff", mantisdb.MaxKeyLen)
	path := kvPrefix + encodeAll(key)
	if a := s.do("PUT", path, "v"); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if value, err := s.db.Get([]byte(key)); err != nil || string(value) != "v" {
		t.Errorf("%q, %v", value, err)
	}
}

// TestAnswersTellTheirLength: whether it is told here or, of a short one, by net/http.
func TestAnswersTellTheirLength(t *testing.T) {
	s := newServer(t)
	for _, n := range []int{0, 1, 99, 100, keptWhole - 1, keptWhole, keptWhole + 1, 2 * keptWhole} {
		s.put("k", strings.Repeat("v", n))
		for _, method := range []string{"GET", "HEAD"} {
			a := s.do(method, "/api/v1/kv/k", "")
			if got := a.header.Get("Content-Length"); got != strconv.Itoa(n) {
				t.Errorf("%s of %d bytes: Content-Length %q", method, n, got)
			}
		}
	}
}
