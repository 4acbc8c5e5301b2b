package httpapi

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

func TestBatch(t *testing.T) {
	s := newServer(t)
	s.put("gone", "x")
	body := `{"operations":[
		{"op":"put","key":"AP8=","value":"AQ==","ttl":"1h"},
		{"op":"put","key_text":"é","value_text":"v"},
		{"op":"delete","key_text":"gone"}]}`
	a := s.do("POST", "/api/v1/kv/batch", body, "Content-Type", "application/json; charset=utf-8")
	if a.status != 200 || a.body != `{"operations":3}`+"\n" {
		t.Errorf("%d %s", a.status, a.body)
	}
	value, meta, err := s.db.AppendGetMeta(nil, []byte("\x00\xff"))
	if err != nil || string(value) != "\x01" || time.Until(time.UnixMilli(meta.ExpiresAt)) < 59*time.Minute {
		t.Errorf("%q, %+v, %v", value, meta, err)
	}
	if value, err := s.db.Get([]byte("é")); err != nil || string(value) != "v" {
		t.Errorf("%q, %v", value, err)
	}
	if ok, err := s.db.Has([]byte("gone")); ok || err != nil {
		t.Errorf("the deleted key is there: %v", err)
	}
	if a := s.do("POST", "/api/v1/kv/batch", `{"operations":[]}`); a.status != 200 || a.body != `{"operations":0}`+"\n" {
		t.Errorf("an empty batch: %d %s", a.status, a.body)
	}
}

// TestBatchIsWholeOrNothing: an error in the last operation undoes the first.
func TestBatchIsWholeOrNothing(t *testing.T) {
	s := newServer(t)
	const good = `{"op":"put","key_text":"k","value_text":"v"}`
	long := strings.Repeat("k", mantisdb.MaxKeyLen+1)
	for _, c := range []struct {
		body   string
		header []string
		want   kind
	}{
		{`{"operations":[` + good + `,{"op":"put","key_text":"k"}]}`, nil, malformedRequest},
		{`{"operations":[` + good + `,{"op":"put","key_text":"","value_text":""}]}`, nil, invalidKey},
		{`{"operations":[` + good + `,{"op":"delete","key_text":"` + long + `"}]}`, nil, invalidKey},
		{`{"operations":[` + good + `,{"op":"put","key_text":"k","value_text":"","ttl":"x"}]}`, nil, malformedRequest},
		{`{"operations":[` + good, nil, malformedRequest},
		{`{"operations":[` + good + `]}{}`, nil, malformedRequest},
		{`{"operations":[` + good + `]}`, []string{"Content-Type", "text/plain"}, unsupportedMedia},
		{`{"operations":[` + good + `]}`, []string{"Content-Type", ";"}, unsupportedMedia},
		{`{"operations":[` + good + `]}`, []string{"Content-Encoding", "br"}, unsupportedMedia},
		{`{"operations":[` + good + `]}`, []string{"If-Match", `"5"`}, malformedRequest},
		{`{"operations":[` + good + `]}`, []string{"If-None-Match", "*"}, malformedRequest},
		{`{"operations":[` + good + `]}`, []string{"If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"}, malformedRequest},
		{`{"operations":[` + good + `]}`, []string{"If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"}, malformedRequest},
		{`{"operations":[` + good + `]}`, []string{"Sec-Fetch-Site", "cross-site"}, crossOrigin},
	} {
		wantProblem(t, s.do("POST", "/api/v1/kv/batch", c.body, c.header...), c.want)
	}
	wantProblem(t, s.do("POST", "/api/v1/kv/batch?x=1", `{"operations":[`+good+`]}`), malformedRequest)
	p := wantProblem(t, s.do("POST", "/api/v1/kv/batch", `{"operations":[`+good+`,{"op":"delete","key":"!"}]}`), malformedRequest)
	if !strings.Contains(p.Detail, "operation 1") {
		t.Errorf("the detail does not name the operation: %q", p.Detail)
	}
	if stats, err := s.db.Stats(); err != nil || stats.Puts != 0 {
		t.Errorf("something was written: %+v, %v", stats, err)
	}
}

// TestLargestBatch: one value of the greatest length passes, a longer one and a
// longer body do not.
func TestLargestBatch(t *testing.T) {
	if raceEnabled {
		t.Skip("moves hundreds of megabytes on one goroutine")
	}
	s := newServer(t)
	put := func(base64Len int64) answer {
		value := io.LimitReader(repeat('A'), base64Len)
		body := io.MultiReader(strings.NewReader(`{"operations":[{"op":"put","key":"YQ==","value":"`), value, strings.NewReader(`"}]}`))
		return s.send(s.request("POST", "/api/v1/kv/batch", body, "Content-Type", "application/json"))
	}
	const largest = mantisdb.MaxValueLen / 3 * 4 // in base64, without the odd byte
	if a := put(largest); a.status != 200 {
		t.Errorf("the largest value: %d %s", a.status, a.body)
	}
	if value, err := s.db.Get([]byte("a")); err != nil || len(value) != mantisdb.MaxValueLen/3*3 {
		t.Errorf("%d bytes, %v", len(value), err)
	}
	wantProblem(t, put(largest+4), bodyTooLarge)
	wantProblem(t, put(maxJSONBody), bodyTooLarge)
}

// repeat is an endless body of one byte.
type repeat byte

func (c repeat) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// TestBatchOfAScan writes back what a scan told.
func TestBatchOfAScan(t *testing.T) {
	from, to := newServer(t), newServer(t)
	for i := range 100 {
		from.put(fmt.Sprintf("k%02d\xff", i), fmt.Sprintf("v%d", i))
	}
	var operations []json.RawMessage
	for _, line := range scanLines(t, from.do("GET", "/api/v1/scan?encoding=text", "")).entries {
		operations = append(operations, json.RawMessage(strings.Replace(line, `{`, `{"op":"put",`, 1)))
	}
	body, err := json.Marshal(map[string]any{"operations": operations})
	if err != nil {
		t.Fatal(err)
	}
	if a := to.do("POST", "/api/v1/kv/batch", string(body)); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for i := range 100 {
		if value, err := to.db.Get(fmt.Appendf(nil, "k%02d\xff", i)); err != nil || string(value) != fmt.Sprintf("v%d", i) {
			t.Errorf("%d: %q, %v", i, value, err)
		}
	}
}
