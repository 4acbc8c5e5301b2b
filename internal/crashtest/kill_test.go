package crashtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// roleVariable makes the test binary the process that is killed.
const roleVariable = "MANTISDB_CRASHTEST_ROLE"

func TestMain(m *testing.M) {
	text := os.Getenv(roleVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var role libraryRole
	err := json.Unmarshal([]byte(text), &role)
	if err == nil {
		err = role.run(os.Stdin, os.Stdout)
	}
	_ = (&teller{out: os.Stdout}).tell(message{Wrong: fmt.Sprint(err)})
	os.Exit(1)
}

// cycles is how often a directory's process is killed: 10 times, or as often as
// MANTISDB_KILL_CYCLES says.
func cycles(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MANTISDB_KILL_CYCLES")
	if text == "" {
		if testing.Short() {
			return 4
		}
		return 10
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("MANTISDB_KILL_CYCLES: %v", err)
	}
	return n
}

// TestKill kills servers and programs that use the library, in turn and on one
// directory, at random moments: under load, and while they open it. Nothing is
// ever closed in order, so that each recovery begins where a crash has left off.
func TestKill(t *testing.T) {
	binary := buildServer(t)
	for _, engine := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
		for _, level := range []mantisdb.Durability{mantisdb.DurabilitySync, mantisdb.DurabilityBuffered} {
			t.Run(engine+" "+level.String(), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "data")
				skipWhatIsMissing(t, engine)
				k := &killer{
					t: t, binary: binary, all: newHistories(),
					// A low limit has flushes and compactions happen.
					role: libraryRole{Dir: dir, Engine: engine, Durability: level, MemoryLimit: mantisdb.MinMemoryLimit},
				}
				for cycle := range cycles(t) {
					k.cycle(cycle)
				}
				k.role.Dir = dir
				k.library(func(*libraryProcess) {}) // a last look
				t.Logf("%d writes were acknowledged in %d cycles", k.acknowledged(), cycles(t))
				if k.acknowledged() == 0 {
					t.Error("nothing was ever acknowledged")
				}
			})
		}
	}
}

// buildServer builds the real program.
func buildServer(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mantisdb")
	build := exec.Command("go", "build", "-tags", buildTags, "-o", binary, "github.com/mantisdb/mantisdb/cmd/mantisdb")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// skipWhatIsMissing skips an engine that is not built in, or keeps no directory.
func skipWhatIsMissing(t *testing.T, engine string) {
	t.Helper()
	db, err := mantisdb.Open(filepath.Join(t.TempDir(), "probe"), &mantisdb.Options{Engine: engine})
	if errors.Is(err, mantisdb.ErrEngineNotBuilt) || errors.Is(err, mantisdb.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// killer kills the processes of one directory.
type killer struct {
	t      *testing.T
	binary string
	role   libraryRole
	all    []*history
}

func (k *killer) acknowledged() (n uint64) {
	for _, h := range k.all {
		n += h.acknowledged
	}
	return n
}

// cycle is one process, from its start to its end.
func (k *killer) cycle(number int) {
	k.t.Helper()
	load := time.Duration(20+rand.IntN(300)) * time.Millisecond
	switch {
	case number%5 == 4: // before it is ready, more or less
		k.early(time.Duration(rand.IntN(30_000)) * time.Microsecond)
	case number%2 == 0:
		k.server(load)
	default:
		k.library(func(p *libraryProcess) { p.write(k, load) })
	}
}

// serverCommand starts the real program.
func (k *killer) serverCommand() *exec.Cmd {
	return exec.Command(k.binary, "--port=0", "--engine="+k.role.Engine, "--data-dir="+k.role.Dir,
		"--durability="+k.role.Durability.String(), fmt.Sprintf("--memory-limit=%dB", k.role.MemoryLimit))
}

// early kills a server that nobody has spoken to.
func (k *killer) early(after time.Duration) {
	k.t.Helper()
	cmd := k.serverCommand()
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	time.Sleep(after)
	kill(k.t, cmd)
}

// kill kills and waits, so that the directory is free.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatalf("the process had ended by itself: %v", err)
	}
	_ = cmd.Wait() // it was killed
	if cmd.ProcessState.Exited() {
		t.Fatalf("the process ended by itself: %v", cmd.ProcessState)
	}
}

var listening = regexp.MustCompile(`msg=listening url=(\S+)`)

// server has 32 clients write over HTTP, after a look at what is there.
func (k *killer) server(load time.Duration) {
	k.t.Helper()
	cmd := k.serverCommand()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	defer cmd.Process.Kill() // if the test fails
	var log bytes.Buffer
	base := ""
	lines := bufio.NewScanner(stderr)
	for base == "" && lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if match := listening.FindStringSubmatch(lines.Text()); match != nil {
			base = match[1]
		}
	}
	if base == "" {
		k.t.Fatalf("the server does not listen: %s", log.String())
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		for lines.Scan() {
			log.WriteString(lines.Text() + "\n")
		}
	}()

	client := newHTTPClient(base)
	defer client.CloseIdleConnections()
	found, err := client.contents()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := reconcileAll(k.all, found); err != nil {
		k.t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, h := range k.all {
		wg.Go(func() { writeUntilKilled(k.t, client, h) })
	}
	time.Sleep(load)
	<-killInBackground(k.t, cmd, logged)
	wg.Wait()
	if k.t.Failed() {
		k.t.Fatalf("the server's log: %s", log.String())
	}
}

// killInBackground kills a process and waits until its log was read, as a pipe
// demands before the process is waited for.
func killInBackground(t *testing.T, cmd *exec.Cmd, logged <-chan struct{}) <-chan struct{} {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Errorf("the server had ended by itself: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-logged
		_ = cmd.Wait() // it was killed
		if cmd.ProcessState.Exited() {
			t.Errorf("the server ended by itself: %v", cmd.ProcessState)
		}
	}()
	return done
}

func writeUntilKilled(t *testing.T, client *httpClient, h *history) {
	for {
		err := client.write(writeOf(h.client, h.acknowledged+1))
		if errors.Is(err, errRefused) {
			t.Error(err)
		}
		if err != nil {
			return
		}
		h.acknowledge()
	}
}

// libraryProcess is a process that has the database open as a library.
type libraryProcess struct {
	cmd   *exec.Cmd
	stdin *json.Encoder
	lines *bufio.Scanner
}

// library starts such a process, looks at what it found, has work do something
// with it, and kills it.
func (k *killer) library(work func(*libraryProcess)) {
	k.t.Helper()
	role, err := json.Marshal(k.role)
	if err != nil {
		k.t.Fatal(err)
	}
	p := &libraryProcess{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+string(role))
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	p.stdin, p.lines = json.NewEncoder(in), bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	defer p.cmd.Process.Kill() // if the test fails
	found := make(contents)
	for {
		m, ok := p.next(k.t)
		if !ok {
			k.t.Fatal("the process ended by itself")
		}
		if m.Ready {
			break
		}
		found[m.Key] = m.Count
	}
	if err := reconcileAll(k.all, found); err != nil {
		k.t.Fatal(err)
	}
	work(p)
	kill(k.t, p.cmd)
}

// next is the next message, and false at the end.
func (p *libraryProcess) next(t *testing.T) (m message, ok bool) {
	t.Helper()
	if !p.lines.Scan() {
		return message{}, false
	}
	if err := json.Unmarshal(p.lines.Bytes(), &m); err != nil {
		if strings.HasSuffix(p.lines.Text(), "}") {
			t.Fatalf("%q: %v", p.lines.Text(), err)
		}
		return message{}, false // cut off by the kill
	}
	if m.Wrong != "" {
		t.Fatal(m.Wrong)
	}
	return m, true
}

// write lets the process write for a while, kills it, and notes what it was told.
func (p *libraryProcess) write(k *killer, load time.Duration) {
	k.t.Helper()
	var goOn [clients]uint64
	for i, h := range k.all {
		goOn[i] = h.acknowledged
	}
	if err := p.stdin.Encode(goOn); err != nil {
		k.t.Fatal(err)
	}
	time.AfterFunc(load, func() { _ = p.cmd.Process.Kill() })
	for {
		m, ok := p.next(k.t)
		if !ok {
			return
		}
		h := k.all[m.Client]
		if h.acknowledge(); h.acknowledged != m.Count {
			k.t.Fatalf("client %d speaks of write %d after %d", m.Client, m.Count, h.acknowledged-1)
		}
	}
}
