package httpapi

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// wantValue checks the value of a key in the database, and returns its meta.
func (s *testServer) wantValue(key, want string) mantisdb.Meta {
	s.t.Helper()
	value, meta, err := s.db.AppendGetMeta(nil, []byte(key))
	if err != nil || string(value) != want {
		s.t.Errorf("%s is %q, %v, want %q", key, value, err, want)
	}
	return meta
}

// putTTL stores a value for an hour in the database itself.
func (s *testServer) putTTL(key, value string) mantisdb.Meta {
	s.t.Helper()
	if err := s.db.PutTTL([]byte(key), []byte(value), time.Hour); err != nil {
		s.t.Fatal(err)
	}
	return s.wantValue(key, value)
}

func TestIncrement(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		query string
		want  int64
	}{
		{"op=increment", 1}, {"op=increment&by=41", 42}, {"by=-100&op=increment", -58}, {"op=increment&by=0", -58},
		{"op=increment&by=%2B60&durability=memory", 2}, {"op=increment&by=9223372036854775805", math.MaxInt64},
	} {
		a := s.do("POST", "/api/v1/kv/n?"+c.query, "")
		meta := s.wantValue("n", strconv.FormatInt(c.want, 10))
		want := fmt.Sprintf(`{"number":%d,"version":%d}`+"\n", c.want, meta.Version)
		if a.status != 200 || a.body != want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %q, want %q", c.query, a.status, a.body, want)
		}
	}
	p := wantProblem(t, s.do("POST", "/api/v1/kv/n?op=increment", ""), numberOverflow)
	if !strings.Contains(p.Detail, "64 bits") {
		t.Errorf("%q", p.Detail)
	}
	s.wantValue("n", strconv.FormatInt(math.MaxInt64, 10))
	s.put("text", "1.5")
	p = wantProblem(t, s.do("POST", "/api/v1/kv/text?op=increment", ""), notANumber)
	if !strings.Contains(p.Detail, "not a decimal number") {
		t.Errorf("%q", p.Detail)
	}
	s.wantValue("text", "1.5")
	before := s.putTTL("brief", "1")
	s.do("POST", "/api/v1/kv/brief?op=increment", "")
	if after := s.wantValue("brief", "2"); after.ExpiresAt != before.ExpiresAt {
		t.Errorf("it expires at %d, before at %d", after.ExpiresAt, before.ExpiresAt)
	}
}

// TestIncrementsAddUp: of many clients at once, every increment counts, and each
// is told another sum.
func TestIncrementsAddUp(t *testing.T) {
	s := newServer(t)
	const clients, each = 8, 200
	var wg sync.WaitGroup
	var told sync.Map
	for range clients {
		wg.Go(func() {
			for range each {
				a := s.do("POST", "/api/v1/kv/n?op=increment", "")
				if _, twice := told.LoadOrStore(a.body, true); twice || a.status != 200 {
					t.Errorf("%d %s, told before: %v", a.status, a.body, twice)
				}
			}
		})
	}
	wg.Wait()
	s.wantValue("n", strconv.Itoa(clients*each))
}

func TestAppend(t *testing.T) {
	s := newServer(t)
	for i, want := range []string{"a\x00", "a\x00a\x00", "a\x00a\x00a\x00"} {
		a := s.do("POST", "/api/v1/kv/k?op=append", "a\x00")
		meta := s.wantValue("k", want)
		if body := fmt.Sprintf(`{"length":%d,"version":%d}`+"\n", 2*(i+1), meta.Version); a.status != 200 || a.body != body {
			t.Errorf("%d %q, want %q", a.status, a.body, body)
		}
	}
	before := s.putTTL("brief", "1")
	s.do("POST", "/api/v1/kv/brief?op=append", "2")
	if after := s.wantValue("brief", "12"); after.ExpiresAt != before.ExpiresAt {
		t.Errorf("it expires at %d, before at %d", after.ExpiresAt, before.ExpiresAt)
	}
}

// TestAppendToTheLongest: what would be too long is refused, and is left as it is.
func TestAppendToTheLongest(t *testing.T) {
	s := newServer(t)
	if err := s.db.Put([]byte("k"), make([]byte, mantisdb.MaxValueLen)); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.do("POST", "/api/v1/kv/k?op=append", "x"), bodyTooLarge)
	if a := s.do("HEAD", "/api/v1/kv/k", ""); a.header.Get("Content-Length") != strconv.Itoa(mantisdb.MaxValueLen) {
		t.Errorf("%v", a.header)
	}
}

func TestTake(t *testing.T) {
	s := newServer(t)
	meta := s.putTTL("k", "v\x00")
	a := s.do("POST", "/api/v1/kv/k?op=take", "")
	if a.status != 200 || a.body != "v\x00" || a.header.Get("Content-Type") != "application/octet-stream" ||
		a.header.Get("ETag") != etag(meta.Version) || a.header.Get(expiresAtHeader) != strconv.FormatInt(meta.ExpiresAt, 10) {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
	if has, err := s.db.Has([]byte("k")); has || err != nil {
		t.Errorf("the key is still there: %v", err)
	}
	wantProblem(t, s.do("POST", "/api/v1/kv/k?op=take", ""), keyNotFound)
	s.put("k", "")
	if a := s.do("POST", "/api/v1/kv/k?op=take", ""); a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "0" {
		t.Errorf("an empty value: %d %q", a.status, a.body)
	}
	s.put("k", "text")
	a = s.do("POST", "/api/v1/kv/k?op=take&encoding=text", "", "Accept", "application/json")
	if a.status != 200 || !strings.HasPrefix(a.body, `{"key_text":"k","value_text":"text","version":`) {
		t.Errorf("%d %s", a.status, a.body)
	}

	// Of many at once, one gets it.
	s.put("one", "x")
	var wg sync.WaitGroup
	got := make([]int, 16)
	for i := range got {
		wg.Go(func() { got[i] = s.do("POST", "/api/v1/kv/one?op=take", "").status })
	}
	wg.Wait()
	if all := fmt.Sprint(got); strings.Count(all, "200") != 1 || strings.Count(all, "404") != len(got)-1 {
		t.Errorf("%s", all)
	}
}

func TestExchange(t *testing.T) {
	s := newServer(t)
	a := s.do("POST", "/api/v1/kv/k?op=exchange&ttl=1h", "first")
	meta := s.wantValue("k", "first")
	if a.status != 204 || a.body != "" || a.header.Get("ETag") != etag(meta.Version) || time.Until(time.UnixMilli(meta.ExpiresAt)) < 59*time.Minute {
		t.Errorf("%d %q %v, %+v", a.status, a.body, a.header, meta)
	}
	a = s.do("POST", "/api/v1/kv/k?op=exchange", "")
	if a.status != 200 || a.body != "first" || a.header.Get("ETag") != etag(meta.Version) || a.header.Get(expiresAtHeader) == "" {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
	if meta := s.wantValue("k", ""); meta.ExpiresAt != 0 {
		t.Errorf("it expires at %d", meta.ExpiresAt)
	}
	if a = s.do("POST", "/api/v1/kv/k?op=exchange", "third"); a.status != 200 || a.body != "" {
		t.Errorf("an empty value before: %d %q", a.status, a.body)
	}
}

func TestCompareAndSwap(t *testing.T) {
	s := newServer(t)
	s.put("k", "\x00\xff")
	a := s.do("POST", "/api/v1/kv/k?op=compare-and-swap&ttl=1h", `{"expected":"AP8=","value_text":"new"}`, "Content-Type", "application/json")
	meta := s.wantValue("k", "new")
	if a.status != 204 || a.header.Get("ETag") != etag(meta.Version) || meta.ExpiresAt == 0 {
		t.Errorf("%d %q %v, %+v", a.status, a.body, a.header, meta)
	}
	p := wantProblem(t, s.do("POST", "/api/v1/kv/k?op=compare-and-swap", `{"expected":"AP8=","value_text":"x"}`), conditionFailed)
	if !strings.Contains(p.Detail, "another value") || p.Condition != nil {
		t.Errorf("%+v", p)
	}
	p = wantProblem(t, s.do("POST", "/api/v1/kv/none?op=compare-and-swap", `{"expected":"","value":""}`), conditionFailed)
	if !strings.Contains(p.Detail, "absent") {
		t.Errorf("%+v", p)
	}
	if after := s.wantValue("k", "new"); after != meta {
		t.Errorf("%+v, want %+v", after, meta)
	}
}

func TestExpireAndPersist(t *testing.T) {
	s := newServer(t)
	s.put("k", "v")
	a := s.do("POST", "/api/v1/kv/k?op=expire&ttl=1h", "")
	meta := s.wantValue("k", "v")
	if left := time.Until(time.UnixMilli(meta.ExpiresAt)); a.status != 204 || a.header.Get("ETag") != etag(meta.Version) || left < 59*time.Minute || left > 61*time.Minute {
		t.Errorf("%d %q %v, it lives %v", a.status, a.body, a.header, left)
	}
	a = s.do("POST", "/api/v1/kv/k?op=persist", "")
	if meta := s.wantValue("k", "v"); a.status != 204 || a.header.Get("ETag") != etag(meta.Version) || meta.ExpiresAt != 0 {
		t.Errorf("%d %q, %+v", a.status, a.body, meta)
	}
	wantProblem(t, s.do("POST", "/api/v1/kv/none?op=expire&ttl=1h", ""), keyNotFound)
	wantProblem(t, s.do("POST", "/api/v1/kv/none?op=persist", ""), keyNotFound)
}

// TestModifyTakesKeysAsTheyAre: an operation is never taken for a part of a key, nor
// for a batch.
func TestModifyTakesKeysAsTheyAre(t *testing.T) {
	s := newServer(t)
	for _, key := range append(strangeKeys, "k/increment", "k?op=increment") {
		for _, path := range []string{encodeAll(key), encodeLittle(key)} {
			if a := s.do("POST", kvPrefix+path+"?op=append", "x"); a.status != 200 {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
		s.wantValue(key, "xx")
	}
	if a := s.do("POST", "/api/v1/kv/batch?durability=sync", `{"operations":[]}`); a.body != `{"operations":0}`+"\n" {
		t.Errorf("a batch: %d %s", a.status, a.body)
	}
}

// TestModifyRefuses: a bad request tells what to do, and changes nothing.
func TestModifyRefuses(t *testing.T) {
	s := newServer(t)
	s.put("k", "1")
	swap := `{"expected_text":"1","value_text":"2"}`
	for _, c := range []struct {
		query  string
		body   string
		header []string
		want   kind
		tells  string
	}{
		{"", "", nil, malformedRequest, `"op" is missing: give one of append, compare-and-swap, exchange, expire, increment, persist, take`},
		{"op=", "", nil, malformedRequest, "must be one of append"},
		{"op=incr", "", nil, malformedRequest, "must be one of append"},
		{"op=take&op=take", "", nil, malformedRequest, "2 times"},
		{"op=increment&by=x", "", nil, malformedRequest, "an integer of 64 bits"},
		{"op=increment&by=", "", nil, malformedRequest, "an integer of 64 bits"},
		{"op=increment&by=1.5", "", nil, malformedRequest, "an integer of 64 bits"},
		{"op=increment&by=9223372036854775808", "", nil, malformedRequest, "an integer of 64 bits"},
		{"op=increment&ttl=1s", "", nil, malformedRequest, `"ttl" is not one of the operation increment`},
		{"op=increment&x=1", "", nil, malformedRequest, `unknown query parameter "x"`},
		{"op=increment", "5", nil, malformedRequest, "increment takes no body"},
		{"op=increment&durability=maybe", "", nil, malformedRequest, "sync, buffered or memory"},
		{"op=append&by=1", "x", nil, malformedRequest, `"by" is not one of the operation append`},
		{"op=append&ttl=1s", "x", nil, malformedRequest, `"ttl" is not one`},
		{"op=append", "x", []string{"Content-Encoding", "gzip"}, unsupportedMedia, "without Content-Encoding"},
		{"op=take", "x", nil, malformedRequest, "take takes no body"},
		{"op=take&ttl=1s", "", nil, malformedRequest, `"ttl" is not one`},
		{"op=take&encoding=hex", "", nil, malformedRequest, "base64 or text"},
		{"op=exchange&ttl=0", "x", nil, malformedRequest, "must be positive"},
		{"op=exchange&encoding=hex", "x", nil, malformedRequest, "base64 or text"},
		{"op=expire", "", nil, malformedRequest, `"ttl" is missing`},
		{"op=expire&ttl=soon", "", nil, malformedRequest, "a duration such as 30s"},
		{"op=expire&ttl=", "", nil, malformedRequest, "a duration such as 30s"},
		{"op=persist&ttl=1s", "", nil, malformedRequest, `"ttl" is not one`},
		{"op=compare-and-swap", "", nil, malformedRequest, "ends too early"},
		{"op=compare-and-swap", `{"expected_text":"1"}`, nil, malformedRequest, `as "value" (base64)`},
		{"op=compare-and-swap&ttl=x", swap, nil, malformedRequest, "a duration such as 30s"},
		{"op=compare-and-swap", swap, []string{"Content-Type", "text/plain"}, unsupportedMedia, "a compare-and-swap is application/json"},
		{"op=increment", "", []string{"If-Match", `"1"`}, malformedRequest, "If-Match is supported by the PUT of a key alone"},
		{"op=increment", "", []string{"If-None-Match", "*"}, malformedRequest, "If-None-Match is supported by the PUT of a key alone"},
		{"op=increment", "", []string{"If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"}, malformedRequest, "not supported"},
		{"op=increment", "", []string{"Sec-Fetch-Site", "cross-site"}, crossOrigin, "another site"},
	} {
		p := wantProblem(t, s.do("POST", "/api/v1/kv/k?"+c.query, c.body, c.header...), c.want)
		if !strings.Contains(p.Detail, c.tells) {
			t.Errorf("%s %q %v: %q lacks %q", c.query, c.body, c.header, p.Detail, c.tells)
		}
	}
	wantProblem(t, s.do("POST", "/api/v1/kv/?op=increment", ""), invalidKey)
	wantProblem(t, s.do("POST", "/api/v1/kv/"+strings.Repeat("k", mantisdb.MaxKeyLen+1)+"?op=increment", ""), invalidKey)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		wantProblem(t, s.do(method, "/api/v1/kv/k?op=increment", ""), malformedRequest)
	}
	if stats, err := s.db.Stats(); err != nil || stats.Puts != 1 || stats.Deletes != 0 {
		t.Errorf("something was written: %+v, %v", stats, err)
	}
}

// optionsStore keeps the options of what it is asked to do, and does nothing.
type optionsStore struct {
	failingStore
	got *mantisdb.WriteOptions
}

func (o optionsStore) Modify(_ context.Context, _ []byte, _ mantisdb.Modification, w mantisdb.WriteOptions) ([]byte, mantisdb.Modified, error) {
	*o.got = w
	return []byte{}, mantisdb.Modified{Version: 1, Existed: true}, nil
}

// TestModifyPassesOptions: the durability and the time to live are those asked for.
func TestModifyPassesOptions(t *testing.T) {
	var got mantisdb.WriteOptions
	s := newServerOver(t, optionsStore{got: &got})
	for _, c := range []struct{ method, query, body, match string }{
		{"PUT", "ttl=5s", "v", `"1"`},
		{"POST", "op=append", "v", ""},
		{"POST", "op=compare-and-swap&ttl=5s", `{"expected":"","value":""}`, ""},
		{"POST", "op=exchange&ttl=5s", "v", ""},
		{"POST", "op=expire&ttl=5s", "", ""},
		{"POST", "op=increment", "", ""},
		{"POST", "op=persist", "", ""},
		{"POST", "op=take", "", ""},
	} {
		want := mantisdb.WriteOptions{Durability: mantisdb.DurabilityBuffered}
		if strings.Contains(c.query, "ttl") {
			want.TTL = 5 * time.Second
		}
		var header []string
		if c.match != "" {
			header = []string{"If-Match", c.match}
		}
		got = mantisdb.WriteOptions{}
		if a := s.do(c.method, "/api/v1/kv/k?durability=buffered&"+c.query, c.body, header...); a.status >= http.StatusBadRequest || got != want {
			t.Errorf("%s %s: %d %s with %+v, want %+v", c.method, c.query, a.status, a.body, got, want)
		}
	}
}
