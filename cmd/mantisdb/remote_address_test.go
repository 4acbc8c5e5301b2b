package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestUnixSocket: a server is spoken to over its socket, with a user or without.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	cmd := program(t, "--port=0", "--engine=go", "--unix-socket="+socket)
	cmd.Env = append(cmd.Env, "MANTISDB_PASSWORD=sesame")
	s := start(t, cmd)
	at := func(user string) string { return "--server=unix://" + user + socket }
	want(t, "", 0, "", "", "put", "k", "v", at("default:sesame@"))
	want(t, "", 0, "v", "", "get", "k", at("default:sesame@"))
	want(t, "", 1, "", "asks for a user and a password", "get", "k", at(""))
	want(t, "", 1, "", "unix://"+socket+" refused", "get", "k", at("default:wrong@"))
	// What is refused before it is read is told all the same.
	file := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(file, make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, "", 1, "", "the password is another one", "put", "k", "--file="+file, at("default:wrong@"))
	with := program(t, "get", "k", at(""))
	with.Env = append(with.Env, "MANTISDB_PASSWORD=sesame")
	if got := finish(t, with); got.code != 0 || got.stdout != "v" {
		t.Errorf("%+v", got)
	}
	s.stop()
}

// TestTrust: a certificate that the system does not know is good if it is named, or if any
// is.
func TestTrust(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, aboutBody) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of the client that does not trust it
	s.StartTLS()
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		trust trustFlags
		want  string
	}{
		{trustFlags{caFile: file}, ""},
		{trustFlags{skipVerify: true}, ""},
		{trustFlags{}, "failed to verify certificate"},
	} {
		r, err := openRemote(t.Context(), s.URL, c.trust)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.trust, err)
		}
		if err == nil {
			r.Close()
		}
	}
}

// TestNotEncrypted: who forgets the s of https is told.
func TestNotEncrypted(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			conn.Close()
		}
	}()
	if _, err := openRemote(t.Context(), "http://"+l.Addr().String(), trustFlags{}); err == nil || !strings.Contains(err.Error(), "https") {
		t.Errorf("%v", err)
	}
}

// TestInterruptedWhileItAsks: a signal ends a command whose server does not answer, and that
// is what it tells; what goes on until it is interrupted is content.
func TestInterruptedWhileItAsks(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(5 * time.Minute)) // one asked nothing
	server := "--server=http://" + l.Addr().String()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"get k", 1, "mantisdb: interrupted\n"},
		{"import " + os.DevNull, 1, "mantisdb: interrupted\n"},
		{"export none", 1, "mantisdb: interrupted\n"},
		{"backup none", 1, "mantisdb: interrupted\n"},
		{"checkpoint none", 1, "mantisdb: interrupted\n"},
		{"top --once", 1, "mantisdb: interrupted\n"},
		{"health --timeout=5m", 1, "mantisdb: interrupted\n"},
		{"top", 0, ""},
	} {
		cmd := program(t, append(strings.Fields(c.args), server)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Once it has asked, it waits.
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
		conn.Close()
		if code := cmd.ProcessState.ExitCode(); code != c.code || stderr.String() != c.want {
			t.Errorf("%s: %v: %q", c.args, cmd.ProcessState, &stderr)
		}
		if files, err := os.ReadDir(cmd.Dir); err != nil || len(files) != 0 {
			t.Errorf("%s leaves %v, %v", c.args, files, err)
		}
	}
}
