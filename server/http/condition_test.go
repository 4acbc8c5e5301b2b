package httpapi

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPutIfMatch(t *testing.T) {
	s := newServer(t)
	s.put("k", "old")
	tag := s.do("GET", "/api/v1/kv/k", "").header.Get("ETag")
	a := s.do("PUT", "/api/v1/kv/k?ttl=1h", "new", "If-Match", " "+tag+" ")
	if a.status != 204 || a.body != "" {
		t.Fatalf("%d %q", a.status, a.body)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if got := s.do(method, "/api/v1/kv/k", "").header.Get("ETag"); got != a.header.Get("ETag") || got == tag {
			t.Errorf("%s tells the version %s, the PUT told %s after %s", method, got, a.header.Get("ETag"), tag)
		}
	}
	value, meta, err := s.db.AppendGetMeta(nil, []byte("k"))
	if err != nil || string(value) != "new" || time.Until(time.UnixMilli(meta.ExpiresAt)) < 59*time.Minute {
		t.Errorf("%q, %+v, %v", value, meta, err)
	}

	p := wantProblem(t, s.do("PUT", "/api/v1/kv/k", "newer", "If-Match", tag), versionDiffers)
	if want := fmt.Sprintf("has the version %d, and If-Match asks for %s", meta.Version, strings.Trim(tag, `"`)); !strings.Contains(p.Detail, want) {
		t.Errorf("%q lacks %q", p.Detail, want)
	}
	p = wantProblem(t, s.do("PUT", "/api/v1/kv/none", "newer", "If-Match", tag), versionDiffers)
	if !strings.Contains(p.Detail, "the key is absent") {
		t.Errorf("%q", p.Detail)
	}
	if value, err := s.db.Get([]byte("k")); err != nil || string(value) != "new" {
		t.Errorf("a refused PUT has left %q, %v", value, err)
	}
	if has, err := s.db.Has([]byte("none")); has || err != nil {
		t.Errorf("a refused PUT has made a key: %v", err)
	}
}

func TestIfMatchTakesOneVersion(t *testing.T) {
	s := newServer(t)
	s.put("k", "old")
	tag := s.do("GET", "/api/v1/kv/k", "").header.Get("ETag")
	for _, match := range []string{
		"", "*", `""`, `"0"`, "1", `W/` + tag, tag + ", " + tag, `"x"`, `"+1"`, `"01"`, `"-1"`, `""1""`, `"1`, `"18446744073709551616"`,
	} {
		p := wantProblem(t, s.do("PUT", "/api/v1/kv/k", "new", "If-Match", match), malformedRequest)
		if !strings.Contains(p.Detail, "If-Match takes one version") {
			t.Errorf("%q: %q", match, p.Detail)
		}
	}
	twice := s.request("PUT", "/api/v1/kv/k", strings.NewReader("new"))
	twice.Header["If-Match"] = []string{tag, tag}
	wantProblem(t, s.send(twice), malformedRequest)
	p := wantProblem(t, s.do("PUT", "/api/v1/kv/k", "new", "If-Match", tag, "If-None-Match", "*"), malformedRequest)
	if !strings.Contains(p.Detail, "exclude each other") {
		t.Errorf("%q", p.Detail)
	}
	if value, err := s.db.Get([]byte("k")); err != nil || string(value) != "old" {
		t.Errorf("%q, %v", value, err)
	}
}

// TestPutIfMatchLosesNoUpdate: clients that read, add one and store under the
// version that they read count every one.
func TestPutIfMatchLosesNoUpdate(t *testing.T) {
	s := newServer(t)
	s.put("n", "0")
	const clients, each = 8, 25
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for done := 0; done < each; {
				a := s.do("GET", "/api/v1/kv/n", "")
				n, err := strconv.Atoi(a.body)
				if err != nil {
					t.Errorf("%q", a.body)
					return
				}
				switch status := s.do("PUT", "/api/v1/kv/n", strconv.Itoa(n+1), "If-Match", a.header.Get("ETag")).status; status {
				case 204:
					done++
				case 412:
				default:
					t.Errorf("%d", status)
					return
				}
			}
		})
	}
	wg.Wait()
	if value, err := s.db.Get([]byte("n")); err != nil || string(value) != strconv.Itoa(clients*each) {
		t.Errorf("%q, %v, want %d", value, err, clients*each)
	}
}
