package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHealth: the server of the same settings is asked, wherever the settings are from, and
// no password is needed.
func TestHealth(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	s := start(t, program(t, "--port=0", "--engine=go", "--password=secret", "--unix-socket="+socket))
	port := portOf(t, s.url)
	file := filepath.Join(t.TempDir(), "mantisdb.yaml")
	if err := os.WriteFile(file, []byte("port: "+port+"\nengine: go\nbind: 0.0.0.0\nlog-format: json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		env  string
	}{
		{args: []string{"--server=" + s.url}},
		{args: []string{"--server=" + s.url + "/"}},
		{args: []string{"--server=unix://" + socket}},
		{args: []string{"--server=unix://other:password@" + socket}},
		{args: []string{"--port=" + port}},
		{env: "MANTISDB_PORT=" + port},
		{env: "MANTISDB_CONFIG=" + file},
	} {
		cmd := program(t, append([]string{"health"}, c.args...)...)
		cmd.Env = append(cmd.Env, c.env)
		if got := finish(t, cmd); got.code != 0 || got.stdout != "ok\n" {
			t.Errorf("%v %s: %+v", c.args, c.env, got)
		}
	}
	s.stop()
	if got := finish(t, program(t, "health", "--port="+port)); got.code != 1 || !strings.Contains(got.stderr, "no server listens at http://127.0.0.1:"+port) {
		t.Errorf("of a server that has ended: %+v", got)
	}
}

// TestHealthOfOthers: what is not ready, does not answer or is another server is not well.
func TestHealthOfOthers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/ending/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"type":"unavailable","title":"Unavailable","status":503,"detail":"the server is shutting down"}`)
	})
	mux.HandleFunc("/other/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") })
	mux.HandleFunc("/hanging/", func(http.ResponseWriter, *http.Request) { <-release })
	mux.HandleFunc("/endless/", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"status":`)
		w.(http.Flusher).Flush()
		<-release
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	const long = "1m" // for what answers, however busy the machine is
	for _, c := range []struct {
		server, timeout string
		code            int
		want            string
	}{
		{s.URL + "/ending", long, 1, "the server is shutting down"},
		{s.URL + "/other", long, 1, "is not a MantisDB server"},
		{s.URL + "/hanging", "300ms", 1, "did not answer within 300ms"},
		{s.URL + "/endless", "300ms", 1, "did not answer within 300ms"},
		{"ftp://app:secret@x", long, 2, `"ftp://x" is no URL of a server`},
		{"http://app:secret@[", long, 2, `"[" is no URL of a server`},
	} {
		got := finish(t, program(t, "health", "--timeout="+c.timeout, "--server="+c.server))
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%s: %+v; want %d with %q", c.server, got, c.code, c.want)
		}
	}
	if got := finish(t, program(t, "health", "--port=0")); got.code != 2 || !strings.Contains(got.stderr, "--port is 0") {
		t.Errorf("of any port: %+v", got)
	}
}

// TestHealthOfAnEncryptedServer: it is asked, though its certificate is for another name
// than this machine has.
func TestHealthOfAnEncryptedServer(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health/ready" {
			io.WriteString(w, `{"status":"ok"}`)
		}
	}))
	t.Cleanup(s.Close)
	port := portOf(t, s.URL)
	if got := finish(t, program(t, "health", "--port="+port, "--tls-cert=server.pem", "--tls-key=server.key")); got.code != 0 {
		t.Errorf("by the settings: %+v", got)
	}
	if got := finish(t, program(t, "health", "--server="+s.URL)); got.code != 1 || !strings.Contains(got.stderr, "certificate") {
		t.Errorf("a server that is named must have a certificate that holds: %+v", got)
	}
	if got := finish(t, program(t, "health", "--tls-skip-verify", "--server="+s.URL)); got.code != 0 {
		t.Errorf("with any certificate: %+v", got)
	}
	if got := finish(t, program(t, "health", "--tls-skip-verify", "--port="+port)); got.code != 2 || !strings.Contains(got.stderr, "--server alone") {
		t.Errorf("without --server: %+v", got)
	}
}

func TestWhereAServerOfThisMachineIs(t *testing.T) {
	t.Parallel()
	for bind, want := range map[string]string{
		"127.0.0.1": "http://127.0.0.1:8080", "localhost": "http://localhost:8080",
		"0.0.0.0": "http://127.0.0.1:8080", "::": "http://[::1]:8080", "192.0.2.1": "http://192.0.2.1:8080",
	} {
		var f serveFlags
		f.address.Bind, f.address.Port = bind, 8080
		if got := f.ownURL(); got != want {
			t.Errorf("bound to %s: %s, want %s", bind, got, want)
		}
	}
}

func portOf(t *testing.T, server string) string {
	t.Helper()
	parsed, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Port()
}
