package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

const aboutBody = `{"version":"1","engine":"go","go":"go1.26"}`

// fakeServer answers scans and batches with one answer.
func fakeServer(t *testing.T, status int, contentType, body string) *remote {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/version" {
			io.WriteString(w, aboutBody)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	r, err := openRemote(t.Context(), s.URL, trustFlags{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestRemoteScanIsWhole: a stream that is not what a server sends to its end is
// an error, whatever it looks like.
func TestRemoteScanIsWhole(t *testing.T) {
	const a, b = `{"key":"YQ==","value":"","version":1}` + "\n", `{"key":"Yg==","value":"","version":2}` + "\n"
	const ndjson = "application/x-ndjson"
	for _, c := range []struct {
		body, want string
		entries    int
	}{
		{a + b + `{"end":true,"count":2,"next_cursor":null}` + "\n", "", 2},
		{`{"end":true,"count":0,"next_cursor":null}` + "\n", "", 0},
		{a + b, "no last line", 2},
		{"", "no last line", 0},
		{a + `{"key":"Yg`, "no entry", 1},
		{a + "{}\n", "no entry", 1},
		{a + `{"end":true,"count":2,"next_cursor":null}` + "\n", "sent 1 entries and speaks of 2", 1},
		{a + `{"end":true,"count":1,"next_cursor":"x"}` + "\n", "speaks of", 1},
		{a + `{"error":{"type":"t","title":"T","status":500,"detail":"what was wrong"}}` + "\n", "what was wrong", 1},
	} {
		r := fakeServer(t, 200, ndjson, c.body)
		var entries int
		var got error
		ks, err := r.keyspace(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range ks.scan(t.Context(), mantisdb.Range{}, 0) {
			if err != nil {
				got = err
				continue
			}
			entries++
		}
		if entries != c.entries || (got == nil) != (c.want == "") || got != nil && !strings.Contains(got.Error(), c.want) {
			t.Errorf("%q: %d entries, %v; want %q", c.body, entries, got, c.want)
		}
		for range ks.scan(t.Context(), mantisdb.Range{}, 0) {
			break // must not yield again
		}
	}
}

func TestRemoteRefusals(t *testing.T) {
	for _, c := range []struct {
		status                  int
		contentType, body, want string
	}{
		{413, "application/problem+json", `{"type":"t","title":"Too large","status":413,"detail":"the body is too long"}`, "the body is too long"},
		{503, "application/problem+json", `{"type":"t","title":"Unavailable","status":503}`, "Unavailable"},
		{502, "text/html", "<h1>no</h1>", "502 Bad Gateway; is it a MantisDB server?"},
		{500, "application/problem+json", "{", "500 Internal Server Error"},
	} {
		r := fakeServer(t, c.status, c.contentType, c.body)
		b := r.newBatch()
		b.add(&wire.Record{Key: []byte("k")})
		if err := b.write(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	r := fakeServer(t, 200, "", "")
	cancel()
	if err := r.newBatch().write(done); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}

func TestOpenRemote(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	defer other.Close()
	if _, err := openRemote(t.Context(), other.URL, trustFlags{}); err == nil || !strings.Contains(err.Error(), "is not a MantisDB server") {
		t.Errorf("another server: %v", err)
	}
	for _, url := range []string{"", "x", "localhost:8080", "ftp://h", "http://", "http://h/?q", "http://\x00", "http://h:x"} {
		if _, err := openRemote(t.Context(), url, trustFlags{}); !errors.As(err, new(usageError)) {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestRemoteUser: a user is the URL's, or "default", the password the URL's, or that of the
// variable; and no error tells a password.
func TestRemoteUser(t *testing.T) {
	var sent string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, ok := r.BasicAuth()
		sent = ""
		if ok {
			sent = name + ":" + password
		}
		if r.URL.Path != "/api/v1/version" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, aboutBody)
	}))
	defer s.Close()
	withUser := strings.Replace(s.URL, "http://", "http://app:s%20cret@", 1)
	withName := strings.Replace(s.URL, "http://", "http://app@", 1)
	for _, c := range []struct{ url, variable, want string }{
		{s.URL, "", ""},
		{s.URL, "pw", "default:pw"},
		{withUser, "", "app:s cret"},
		{withUser, "pw", "app:s cret"},
		{withName, "pw", "app:pw"},
		{withName, "", "app:"},
	} {
		t.Setenv("MANTISDB_PASSWORD", c.variable)
		r, err := openRemote(t.Context(), c.url, trustFlags{})
		if err != nil {
			t.Fatal(err)
		}
		if sent != c.want {
			t.Errorf("%s with %q in the variable: sent %q, want %q", c.url, c.variable, sent, c.want)
		}
		if _, err := r.stats(t.Context()); err == nil || strings.Contains(err.Error(), "cret") {
			t.Errorf("the error is %v", err)
		}
		r.Close()
	}
}
