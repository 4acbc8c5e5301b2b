package dashboard

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const script = "assets/index-1a2b.js"

func testFiles() fstest.MapFS {
	return fstest.MapFS{
		"index.html":                {Data: []byte("<!doctype html>")},
		script:                      {Data: []byte("plain")},
		script + ".gz":              {Data: []byte("compressed")},
		"assets/index-3c4d.css":     {Data: []byte("body{}")},
		"assets/other-5e6f.unknown": {Data: []byte("x")},
	}
}

func newDashboard(t *testing.T) *Dashboard {
	t.Helper()
	d, err := New(testFiles())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// get asks for a file of the page, or for the page itself.
func get(t *testing.T, d *Dashboard, method, name string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	if name == "" {
		d.ServePage(w, r)
	} else if !d.ServeAsset(w, r, name) {
		t.Fatalf("there is no %s", name)
	}
	return w
}

func TestCompressed(t *testing.T) {
	d := newDashboard(t)
	for accepted, gzipped := range map[string]bool{
		"":                          false,
		"identity":                  false,
		"gzip":                      true,
		"GZIP;q=0.5":                true,
		"gzip, deflate, br, zstd":   true,
		"br;q=1.0, gzip;q=0":        false,
		"deflate, gzip ; q=0":       false,
		"gzip;q=none":               false,
		"x-gzip-not, gzipped, *;q=": false,
	} {
		w := get(t, d, "GET", "index-1a2b.js", "Accept-Encoding", accepted)
		want, encoding := "plain", ""
		if gzipped {
			want, encoding = "compressed", "gzip"
		}
		if w.Body.String() != want || w.Header().Get("Content-Encoding") != encoding {
			t.Errorf("%q: %q as %q", accepted, w.Body, w.Header().Get("Content-Encoding"))
		}
		if w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%q: %v", accepted, w.Header())
		}
	}
	if w := get(t, d, "GET", "index-3c4d.css", "Accept-Encoding", "gzip"); w.Body.String() != "body{}" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("what was not compressed: %q %v", w.Body, w.Header())
	}
}

// TestKept: a browser asks for the page each time, and never again for what it loads.
func TestKept(t *testing.T) {
	d := newDashboard(t)
	page, asset := get(t, d, "GET", ""), get(t, d, "GET", "index-1a2b.js")
	if got := page.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page: %q", got)
	}
	if got := asset.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("a file: %q", got)
	}
	tag := page.Header().Get("Etag")
	if again := get(t, d, "GET", "", "If-None-Match", `"other", `+tag); again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("the same page: %d %q", again.Code, again.Body)
	}
	if other := get(t, d, "GET", "", "If-None-Match", `"other"`); other.Code != 200 || other.Body.String() != "<!doctype html>" {
		t.Errorf("another page: %d %q", other.Code, other.Body)
	}
	gzipped := get(t, d, "GET", "index-1a2b.js", "Accept-Encoding", "gzip")
	if gzipped.Header().Get("Etag") == asset.Header().Get("Etag") {
		t.Error("what is compressed has the tag of what is not")
	}
	if head := get(t, d, "HEAD", ""); head.Body.Len() != 0 || head.Header().Get("Content-Length") != "15" {
		t.Errorf("HEAD: %q %v", head.Body, head.Header())
	}
}

// TestGuarded: every answer says what the page may do.
func TestGuarded(t *testing.T) {
	d := newDashboard(t)
	for _, w := range []*httptest.ResponseRecorder{get(t, d, "GET", ""), get(t, d, "GET", "index-1a2b.js"), get(t, d, "GET", "other-5e6f.unknown")} {
		policy := w.Header().Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, rule) {
				t.Errorf("%s is not in %q", rule, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%v", w.Header())
		}
	}
}

func TestUnknownFiles(t *testing.T) {
	d := newDashboard(t)
	for _, name := range []string{"", "none.js", "index-1a2b.js.gz", "../index.html", "index.html"} {
		w := httptest.NewRecorder()
		if d.ServeAsset(w, httptest.NewRequest("GET", "/", nil), name) || w.Body.Len() != 0 {
			t.Errorf("%q was served", name)
		}
	}
	if _, err := New(fstest.MapFS{}); err == nil {
		t.Error("a dashboard without a page")
	}
	if _, err := New(fstest.MapFS{"index.html": {}}); err == nil || !strings.Contains(err.Error(), "files") {
		t.Errorf("a dashboard without files: %v", err)
	}
}
