package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test binary be the program: what runs is the same code,
// with the same build tags and under the same race detector as the tests.
const asProgram = "TEST_BINARY_IS_MANTISDB"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a call of the program, in an empty folder and environment.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // it hangs
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{asProgram + "=1"}
	return cmd
}

// result is what a program that ended has left.
type result struct {
	code           int
	stdout, stderr string
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// begin starts a program that waits for its input, which ends with the test, and tells
// what it writes to standard error, to be read when the program has ended.
func begin(t *testing.T, cmd *exec.Cmd) (stdin io.Writer, stderr *bytes.Buffer) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return in, stderr
}

// instance is a running server.
type instance struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
	log chan string // lines, closed at the end
	// authorization is the header that requests have; empty is none.
	authorization string
}

var listening = regexp.MustCompile(`listening.*(http://[^ "]+)`)

// start starts the server and waits until it says that it listens.
func start(t *testing.T, cmd *exec.Cmd) *instance {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &instance{t: t, cmd: cmd, log: make(chan string, 1000)}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	go func() {
		defer close(s.log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.log <- lines.Text()
		}
	}()
	s.url = s.await(listening)
	return s
}

// await reads the log up to a line that matches, and returns its first group.
func (s *instance) await(pattern *regexp.Regexp) string {
	s.t.Helper()
	var seen []string
	for line := range s.log {
		seen = append(seen, line)
		if match := pattern.FindStringSubmatch(line); match != nil {
			return match[len(match)-1]
		}
	}
	s.t.Fatalf("the log lacks %v: %s", pattern, strings.Join(seen, "\n"))
	return ""
}

func (s *instance) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// wait returns the exit code once the server has ended, and its last lines.
func (s *instance) wait() (int, string) {
	var rest []string
	for line := range s.log {
		rest = append(rest, line)
	}
	s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode(), strings.Join(rest, "\n")
}

// stop ends the server in the regular way.
func (s *instance) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	if code, log := s.wait(); code != 0 {
		s.t.Fatalf("exit code %d: %s", code, log)
	}
}

func (s *instance) do(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Close = true
	if s.authorization != "" {
		r.Header.Set("Authorization", s.authorization)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// TestErrors: whatever is wrong is one line that says so, and the exit code
// tells a wrong call from a failure.
func TestErrors(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "not a directory")
	takenPort := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	for _, c := range []struct {
		args []string
		env  string
		code int
		want string
	}{
		{args: []string{"--prot=1"}, code: 2, want: "unknown flag: --prot"},
		{args: []string{"--port=x"}, code: 2, want: "--port"},
		{args: []string{"--port"}, code: 2, want: "--port"},
		{args: []string{"--port=65536"}, code: 2, want: "between 0 and 65535"},
		{args: []string{"--port=-1"}, code: 2, want: "between 0 and 65535"},
		{args: []string{"--bind=example"}, code: 2, want: "neither an IP address"},
		{args: []string{"--bind=0.0.0.0"}, code: 2, want: "--allow-public"},
		{args: []string{"--bind=::"}, code: 2, want: "--allow-public"},
		{args: []string{"--engine=leveldb"}, code: 2, want: "use rust, go or cache"},
		{args: []string{"--log-level=loud"}, code: 2, want: "debug, info, warn or error"},
		{args: []string{"--log-format=xml"}, code: 2, want: "text or json"},
		{args: []string{"--shutdown-timeout=-1s"}, code: 2, want: "negative"},
		{args: []string{"--max-clients=0", "--port=-1"}, code: 2, want: "the least is 1"},
		{args: []string{"--client-output-buffer=-1", "--port=-1"}, code: 2, want: "the least is 1"},
		{args: []string{"--client-idle-timeout=-1s", "--port=-1"}, code: 2, want: "negative"},
		{args: []string{"--port=65535", "--redis-port=65535"}, code: 2, want: "both 65535"},
		{args: []string{"--cluster-node=1", "--cluster-shards=0"}, code: 2, want: "between 1 and 16384"},
		{args: []string{"--port=0", "--unix-socket=" + strings.Repeat("x", 200)}, code: 2, want: "with 200 bytes"},
		{args: []string{"--cache-peers=127.0.0.1:7100"}, code: 2, want: "need --cache-address"},
		{args: []string{"--cache-replicas=2", "--engine=cache"}, code: 2, want: "need --cache-address"},
		{args: []string{"--cache-quorum=2"}, code: 2, want: "need --cache-address"},
		{args: []string{"--cache-secret-file=none"}, code: 2, want: "need --cache-address"},
		{args: []string{"--cache-allow-insecure"}, code: 2, want: "need --cache-address"},
		{args: []string{"--cache-address=127.0.0.1:7100", "--engine=cache", "--data-dir=none"}, code: 2, want: "exclude each other"},
		{args: []string{"--cache-address=127.0.0.1:7100", "--engine=go"}, code: 2, want: "needs --engine=cache"},
		{args: []string{"--cache-address=127.0.0.1:7100", "--engine=cache", "--cluster-node=1"}, code: 2, want: "exclude each other"},
		{args: []string{"--cache-address=10.0.0.1:7100", "--engine=cache", "--port=0"}, code: 2, want: "give --cache-secret-file"},
		{args: []string{"--cache-address=localhost:7100", "--engine=cache", "--port=0"}, code: 2, want: "not an IP address"},
		{args: []string{"--cache-address=127.0.0.1:7100", "--engine=cache", "--port=0", "--cache-replicas=3"}, code: 2, want: "3 replicas"},
		{args: []string{"frobnicate"}, code: 2, want: `unknown command "frobnicate"`},
		{args: []string{"help", "frobnicate"}, code: 2, want: `unknown command "frobnicate"`},
		{args: []string{"help", "get", "more"}, code: 2, want: `unknown command "get more"`},
		{args: []string{"help", "cluster", "frobnicate"}, code: 2, want: `unknown command "cluster frobnicate"`},
		{args: []string{"health", "--timeout=-1s"}, code: 2, want: "must be positive"},
		{args: []string{"serve", "more"}, code: 2, want: "more"},
		{args: []string{"--config=none.yaml"}, code: 2, want: "none.yaml: no such file"},
		{args: []string{"--config=" + plain}, code: 2, want: "must end in"},
		{args: []string{"--config=" + file("key.yaml", "prot: 1")}, code: 2, want: `unknown key "prot"`},
		{args: []string{"--config=" + file("key.toml", "prot = 1")}, code: 2, want: `unknown key "prot"`},
		{args: []string{"--config=" + file("self.yaml", "config: x.yaml")}, code: 2, want: `unknown key "config"`},
		{args: []string{"--config=" + file("bad.yaml", "port: [1\n")}, code: 2, want: "bad.yaml"},
		{args: []string{"--config=" + file("bad.toml", "port = \n")}, code: 2, want: "bad.toml"},
		{args: []string{"--config=" + file("list.yaml", "port: [1]")}, code: 2, want: `key "port" needs a plain value`},
		{args: []string{"--config=" + file("null.yaml", "port:")}, code: 2, want: `key "port" needs a plain value`},
		{args: []string{"--config=" + file("twice.yaml", "port: 1\nport: 2")}, code: 2, want: "already defined"},
		{args: []string{"--config=" + file("two.yaml", "engine: none\n---\nport: 2")}, code: 2, want: "more than one document"},
		{args: []string{"--config=" + file("value.toml", "port = \"x\"")}, code: 2, want: "value.toml"},
		{env: "MANTISDB_PORT=x", code: 2, want: "MANTISDB_PORT"},
		{env: "MANTISDB_CONFIG=none.toml", code: 2, want: "none.toml: no such file"},
		{args: []string{"--port=" + takenPort}, code: 1, want: takenPort + " is taken"},
		{args: []string{"--port=0", "--data-dir=" + plain, "--engine=go"}, code: 1, want: plain + " is a file, and a directory is needed"},
		{args: []string{"--port=0", "--data-dir=" + filepath.Join(plain, "under"), "--engine=go"}, code: 1, want: plain + " is a file, and a directory is needed"},
		{args: []string{"--port=0", "--data-dir=" + folder, "--engine=go"}, code: 1, want: folder}, // somebody's files
		{args: []string{"--durability=fsync"}, code: 2, want: "use sync, buffered or memory"},
		{args: []string{"--memory-limit=much", "--data-dir=x"}, code: 2, want: "512MiB"},
		{args: []string{"--memory-limit=512MiB", "--engine=go"}, code: 2, want: "--data-dir"},
		{args: []string{"--engine=cache", "--data-dir=x"}, code: 2, want: "--engine=cache and --data-dir exclude each other"},
		{args: []string{"--engine=cache", "--memory-limit=1MiB"}, code: 2, want: "16 MiB"},
		{args: []string{"--memory-limit=1MiB", "--data-dir=x", "--engine=go"}, code: 2, want: "16 MiB"},
		{args: []string{"--memory-limit=16777215", "--data-dir=x", "--engine=go"}, code: 2, want: "is 16777215 bytes, and the least is 16777216"},
		{args: []string{"--memory-limit=8EiB", "--data-dir=x", "--engine=go"}, code: 2, want: "the most is 9223372036854775807"},
		{args: []string{"--checkpoint-dir=x", "--engine=go"}, code: 2, want: "--checkpoint-dir needs --data-dir"},
		{args: []string{"check"}, code: 2, want: "give a data directory, or a server with --server"},
		{args: []string{"check", "a", "b"}, code: 2, want: "accepts at most 1 arg"},
		{args: []string{"check", "a", "--data-dir=b"}, code: 2, want: "exclude each other"},
		{args: []string{"check", "a", "--server=http://h"}, code: 2, want: "excludes --server"},
		{args: []string{"check", "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"get"}, code: 2, want: "requires at least 1 arg"},
		{args: []string{"get", ""}, code: 2, want: "key is empty"},
		{args: []string{"get", strings.Repeat("k", 65537)}, code: 2, want: "key too large"},
		{args: []string{"get", "k", "--key-form=octal"}, code: 2, want: "use text, escaped, hex or base64"},
		{args: []string{"get", "abc", "--key-form=hex"}, code: 2, want: "not hex"},
		{args: []string{"get", "a", "--key-form=base64"}, code: 2, want: "not base64"},
		{args: []string{"get", `a\q`, "--key-form=escaped"}, code: 2, want: "a backslash is followed by"},
		{args: []string{"get", "k", "--output=plain"}, code: 2, want: "use raw, json, hex or base64"},
		{args: []string{"get", "k", "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"get", "k", "--server=unix:///none.sock"}, code: 1, want: "no server listens at unix:///none.sock"},
		{args: []string{"get", "k", "--server=unix://host/none.sock"}, code: 2, want: "no URL of a server"},
		{args: []string{"get", "k", "--server=http://u:sec ret@h"}, code: 2, want: `"h" is no URL`},
		{args: []string{"get", "k", "--tls-ca=x"}, code: 2, want: "need an https URL"},
		{args: []string{"get", "k", "--server=https://h", "--tls-ca=none"}, code: 2, want: "none: no such file"},
		{args: []string{"get", "k", "--server=https://h", "--tls-ca=" + plain}, code: 2, want: "no certificate"},
		{args: []string{"get", "k", "--server=https://h", "--tls-ca=x", "--tls-skip-verify"}, code: 2, want: "exclude each other"},
		{args: []string{"get", "k", "--data-dir=x", "--tls-ca=x"}, code: 2, want: "--server alone"},
		{args: []string{"get", "k", "--data-dir=none"}, code: 1, want: "none does not exist"},
		{args: []string{"get", "k", "--data-dir=" + t.TempDir()}, code: 1, want: "no data directory"},
		{args: []string{"get", "k", "--data-dir=" + plain}, code: 1, want: "a directory is needed"},
		{args: []string{"get", "k", "--keyspace="}, code: 2, want: "--keyspace is empty"},
		{args: []string{"put"}, code: 2, want: "accepts between 1 and 2 arg"},
		{args: []string{"put", "k", "v", "--file=x"}, code: 2, want: "exclude each other"},
		{args: []string{"put", "k", "--file=none"}, code: 1, want: "none: no such file"},
		{args: []string{"put", "k", "--file=" + folder}, code: 1, want: "is a directory"},
		{args: []string{"put", "k", "v", "--ttl=0s"}, code: 2, want: "must be positive"},
		{args: []string{"put", "k", "v", "--ttl=soon"}, code: 2, want: "use a duration"},
		{args: []string{"put", "k", "v", "--durability=fsync"}, code: 2, want: "use sync, buffered or memory"},
		{args: []string{"del"}, code: 2, want: "nothing is named"},
		{args: []string{"del", "--prefix="}, code: 2, want: "--prefix is empty"},
		{args: []string{"del", "--prefix=k", "--to=", "--yes"}, code: 2, want: "--to is empty"},
		{args: []string{"del", "k", "--all"}, code: 2, want: "exclude each other"},
		{args: []string{"del", "--all", "--prefix=k"}, code: 2, want: "--all excludes"},
		{args: []string{"scan", "x"}, code: 2, want: "x"},
		{args: []string{"scan", "--limit=-1"}, code: 2, want: "--limit"},
		{args: []string{"scan", "--from=x", "--key-form=hex"}, code: 2, want: "--from \"x\": it is not hex"},
		{args: []string{"stats", "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"keyspaces", "--data-dir=none"}, code: 1, want: "none does not exist"},
		{args: []string{"top", "--interval=1ms"}, code: 2, want: "the least is 100ms"},
		{args: []string{"top", "--once", "--count=2"}, code: 2, want: "exclude each other"},
		{args: []string{"top", "--once", "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"man"}, code: 2, want: "--dir is missing"},
		{args: []string{"man", "--dir=" + plain}, code: 1, want: plain},
		{args: []string{"restore", plain, "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"restore", plain, "--server=http://h", "--data-dir=x"}, code: 2, want: "excludes --server"},
		{args: []string{"restore", plain, "--data-dir=x", "--engine=cache"}, code: 2, want: "use rust or go"},
		{args: []string{"restore", plain, "--server=http://h", "--engine=go"}, code: 2, want: "--engine goes with --data-dir"},
		{args: []string{"check", "none"}, code: 1, want: "none: no such file"},
		{args: []string{"check", folder}, code: 1, want: folder + " is no data directory: it has no file MANTISDB"},
		{args: []string{"check", plain}, code: 1, want: plain + " is a file, and a directory is needed"},
		{args: []string{"repair", folder}, code: 2, want: "accepts 2 arg"},
		{args: []string{"repair", folder, "new"}, code: 1, want: "no data directory"},
		{args: []string{"backup"}, code: 2, want: "accepts 1 arg"},
		{args: []string{"backup", "-", "--data-dir=none"}, code: 1, want: "none does not exist"},
		{args: []string{"backup", "-", "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"restore", plain}, code: 2, want: "--data-dir"},
		{args: []string{"restore", plain, "--data-dir=new", "--engine=go"}, code: 1, want: "the stream ends before it is whole"},
		{args: []string{"restore", "-", "--data-dir=" + folder, "--engine=go"}, code: 1, want: "ends before"},
		{args: []string{"checkpoint"}, code: 2, want: "accepts 1 arg"},
		{args: []string{"checkpoint", "x", "--data-dir=none"}, code: 1, want: "none does not exist"},
		{args: []string{"import"}, code: 2, want: "accepts 1 arg"},
		{args: []string{"import", "none.ndjson"}, code: 1, want: "none.ndjson: no such file"},
		{args: []string{"import", folder}, code: 1, want: "is a directory"},
		{args: []string{"import", "-", "--port=1"}, code: 2, want: "unknown flag: --port"},
		{args: []string{"import", "-", "--server=x", "--data-dir=y"}, code: 2, want: "exclude each other"},
		{args: []string{"import", "-", "--engine=go"}, code: 2, want: "--data-dir"},
		{args: []string{"import", "-", "--data-dir="}, code: 2, want: "name a directory"},
		{args: []string{"import", "-", "--server=localhost:8080"}, code: 2, want: "no URL of a server"},
		{args: []string{"import", "-", "--server=http://127.0.0.1:1"}, code: 1, want: "no server listens"},
		{args: []string{"export"}, code: 2, want: "accepts 1 arg"},
		{args: []string{"export", "-", "--data-dir=none"}, code: 1, want: "none does not exist"},
		{args: []string{"export", "-", "--data-dir=" + plain, "--engine=go"}, code: 1, want: plain},
	} {
		cmd := program(t, c.args...)
		if c.env != "" {
			cmd.Env = append(cmd.Env, c.env)
		}
		got := finish(t, cmd)
		if got.code != c.code || got.stdout != "" {
			t.Errorf("%v %s: exit code %d, want %d; %s%s", c.args, c.env, got.code, c.code, got.stdout, got.stderr)
		}
		if strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "mantisdb: ") || strings.Count(got.stderr, "mantisdb: ") != 1 {
			t.Errorf("%v %s: not one line: %q", c.args, c.env, got.stderr)
		}
		if !strings.Contains(got.stderr, c.want) {
			t.Errorf("%v %s: %q lacks %q", c.args, c.env, got.stderr, c.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	const want = "one; two [31m three é"
	if got := oneLine(errors.New("mantisdb: one\r\ntwo \x1b[31m three\x00 é\n")); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"help", "serve"}, {"import", "--help"}, {"get", "-h"}, {"help"}, {"help", "completion", "bash"}} {
		got := finish(t, program(t, args...))
		if got.code != 0 || !strings.Contains(got.stdout, "Usage:") || got.stderr != "" {
			t.Errorf("%v: %d %q %q", args, got.code, got.stdout, got.stderr)
		}
	}
	for _, cmd := range newRootCommand().Commands() {
		if cmd.Short == "" || cmd.Example == "" || !strings.Contains(cmd.Example, "mantisdb "+cmd.Name()) {
			t.Errorf("%s lacks a text or an example", cmd.Name())
		}
		for line := range strings.Lines(cmd.Long) {
			if len(line) > 92 {
				t.Errorf("%s: a long line: %s", cmd.Name(), line)
			}
		}
	}
}

// TestRealBuild builds the program as the Makefile does, with a version.
func TestRealBuild(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the program anew, and without what the tests were built with")
	}
	binary := filepath.Join(t.TempDir(), "mantisdb")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=9.8.7-test", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := exec.Command(binary, "--version").Output()
	if err != nil || !strings.HasPrefix(string(got), "mantisdb 9.8.7-test (default engine ") {
		t.Errorf("%q, %v", got, err)
	}
	s := start(t, exec.Command(binary, "--port=0"))
	if _, body := s.do("GET", "/api/v1/version", ""); !strings.Contains(body, `"version":"9.8.7-test"`) {
		t.Errorf("%s", body)
	}
	s.stop()
}
