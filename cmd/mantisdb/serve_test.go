package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

func TestServe(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	cmd := program(t, "--port=0", "--data-dir="+dir, "--engine=go", "--log-format=json")
	s := start(t, cmd)
	if code, body := s.do("PUT", "/api/v1/kv/k", "v"); code != 204 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := s.do("GET", "/health", ""); code != 200 || body != `{"status":"ok"}`+"\n" {
		t.Errorf("%d %s", code, body)
	}
	// A second server on the directory, and on the port.
	if got := finish(t, program(t, "--port=0", "--data-dir="+dir, "--engine=go")); got.code != 1 || !strings.Contains(got.stderr, "in use") {
		t.Errorf("%+v", got)
	}
	if got := finish(t, program(t, "--port="+s.url[strings.LastIndex(s.url, ":")+1:])); got.code != 1 || !strings.Contains(got.stderr, "is taken") {
		t.Errorf("%+v", got)
	}
	s.stop()

	// The subcommand serves as well, and the data is still there.
	s = start(t, program(t, "serve", "--port=0", "--data-dir="+dir, "--engine=go"))
	if code, body := s.do("GET", "/api/v1/kv/k", ""); code != 200 || body != "v" {
		t.Errorf("%d %q", code, body)
	}
	s.stop()
}

// TestLog: each line of a JSON log is JSON, and debug tells of requests.
func TestCloseThatFails(t *testing.T) {
	t.Parallel()
	if storage.DefaultEngine != storage.EngineRust {
		t.Skip("the Go engine has logged everything by then")
	}
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, program(t, "--port=0", "--data-dir="+dir, "--durability=memory"))
	if code, body := s.do("PUT", "/api/v1/kv/k", "v"); code != 204 {
		t.Fatalf("%d %s", code, body)
	}
	// Under another name, no file of it can be made any more.
	if err := os.Rename(dir, dir+"-moved"); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGTERM)
	if code, log := s.wait(); code != 1 || !strings.Contains(log, "closing the database failed") {
		t.Errorf("%d %s", code, log)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	cmd := program(t, "--port=0")
	cmd.Env = append(cmd.Env, "MANTISDB_LOG_FORMAT=json", "MANTISDB_LOG_LEVEL=debug", "MANTISDB_ENGINE=go")
	s := start(t, cmd)
	s.do("GET", "/api/v1/kv/some%2Fkey", "")
	s.await(regexp.MustCompile(`"msg":"request".*some%2Fkey.*"status":404`))
	s.signal(syscall.SIGINT)
	code, log := s.wait()
	if code != 0 || !strings.Contains(log, "stopped") {
		t.Errorf("%d %s", code, log)
	}
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// TestTermFinishesAPut: a value that is on its way when the signal comes is
// stored and acknowledged, and then the server ends.
func TestTermFinishesAPut(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, program(t, "--port=0", "--data-dir="+dir, "--engine=go"))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// That the server asks for the body shows that the request is in flight.
	fmt.Fprintf(conn, "PUT /api/v1/kv/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n")
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	answers.ReadString('\n')
	io.WriteString(conn, "half")
	s.signal(syscall.SIGTERM)
	s.await(regexp.MustCompile("shutting down"))
	io.WriteString(conn, "full")
	resp, err := http.ReadResponse(answers, nil)
	if err != nil || resp.StatusCode != 204 {
		t.Fatalf("%v, %v", resp, err)
	}
	if code, log := s.wait(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	s = start(t, program(t, "--port=0", "--data-dir="+dir, "--engine=go"))
	if code, body := s.do("GET", "/api/v1/kv/slow", ""); code != 200 || body != "halffull" {
		t.Errorf("%d %q", code, body)
	}
	s.stop()
}

// TestTermFinishesAScan: a stream that is on its way when the signal comes is
// told to its last line.
func TestTermFinishesAScan(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go"))
	const entries, valueLen = 400, 64 << 10 // more than the sockets buffer
	fill(t, s, entries, valueLen)
	resp, err := http.Get(s.url + "/api/v1/scan")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s.signal(syscall.SIGTERM)
	s.await(regexp.MustCompile("shutting down"))
	body, err := io.ReadAll(resp.Body)
	if err != nil || strings.Count(string(body), "\n") != entries+1 {
		t.Errorf("%d lines, %v", strings.Count(string(body), "\n"), err)
	}
	if want := fmt.Sprintf(`{"end":true,"count":%d,"next_cursor":null}`+"\n", entries); !strings.HasSuffix(string(body), want) {
		t.Errorf("the stream lacks its end: %q", body[max(0, len(body)-100):])
	}
	if code, log := s.wait(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
}

// fill stores entries with values of n bytes.
func fill(t *testing.T, s *instance, entries, n int) {
	t.Helper()
	value := strings.Repeat("v", n)
	for i := range entries {
		if code, body := s.do("PUT", fmt.Sprintf("/api/v1/kv/k%04d", i), value); code != 204 {
			t.Fatalf("%d %s", code, body)
		}
	}
}

// hang leaves a request in flight that never ends by itself.
func hang(t *testing.T, s *instance) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "PUT /api/v1/kv/hang HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	return conn
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go", "--shutdown-timeout=1h"))
	hang(t, s)
	s.signal(syscall.SIGTERM)
	s.await(regexp.MustCompile("shutting down"))
	began := time.Now()
	// The default handling is back a moment after the first signal.
	for ended := false; !ended && time.Since(began) < 20*time.Second; {
		s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case _, open := <-s.log:
			ended = !open
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.wait()
	status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v after %v", s.cmd.ProcessState, time.Since(began))
	}
}

func TestShutdownTimeoutIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, program(t, "--port=0", "--engine=go", "--shutdown-timeout=50ms"))
	hang(t, s)
	s.signal(syscall.SIGTERM)
	code, log := s.wait()
	if code != 1 || !strings.Contains(log, "cut off") {
		t.Errorf("%d %s", code, log)
	}
}
