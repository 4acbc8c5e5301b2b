package dbstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
	"github.com/mantisdb/mantisdb/cache/backed/dbstore"
)

// dirVariable makes the test binary the process that is killed, which writes behind to the
// database in that directory.
const dirVariable = "MANTISDB_BEHIND_DIR"

// killedQueue is the bound of that process's queue.
const killedQueue = 50

func TestMain(m *testing.M) {
	if dir := os.Getenv(dirVariable); dir != "" {
		fmt.Fprintln(os.Stderr, writeBehind(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeBehind writes 1, 2, 3 and so on under keys of the same names, each once its
// predecessor was acknowledged, and tells what was. It goes on from what the database has.
func writeBehind(dir string) error {
	db, err := mantisdb.Open(dir, nil)
	if err != nil {
		return err
	}
	c, err := cache.New(cache.Options{Budget: 1 << 20})
	if err != nil {
		return err
	}
	behind, err := backed.NewBehind(c, dbstore.New(db, nil), backed.BehindOptions{MaxQueued: killedQueue, Interval: time.Millisecond})
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(os.Args[len(os.Args)-1])
	if err != nil {
		return err
	}
	for n := first; ; n++ {
		if err := behind.Set(context.Background(), key(n), key(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func key(n int) []byte { return fmt.Appendf(nil, "%08d", n) }

// TestKill kills a process that writes behind, again and again. What is lost of what it
// was told is never more than its queue held, and those are the last ones.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	next, lost := 1, 0
	for cycle := range scaled(10) {
		acknowledged := killed(t, dir, next, time.Duration(20+rand.IntN(100))*time.Millisecond)
		stored := storedUpTo(t, dir, next)
		if missing := acknowledged - stored; missing > killedQueue {
			t.Fatalf("cycle %d: %d was acknowledged, and the database has all up to %d: %d are lost", cycle, acknowledged, stored, missing)
		} else if missing > 0 {
			lost += missing
		}
		next = max(acknowledged, stored) + 1
	}
	t.Logf("%d writes were acknowledged or stored, %d of them lost", next-1, lost)
	if next < 100 {
		t.Error("hardly anything was written: the test proves nothing")
	}
}

func scaled(n int) int {
	if testing.Short() {
		n /= 3
	}
	return n
}

// killed runs the process for a while once it writes, kills it, and is the last number
// that was acknowledged.
func killed(t *testing.T, dir string, first int, after time.Duration) int {
	t.Helper()
	process := exec.Command(os.Args[0], strconv.Itoa(first))
	process.Env = append(os.Environ(), dirVariable+"="+dir)
	var stderr strings.Builder
	process.Stderr = &stderr
	stdout, err := process.StdoutPipe()
	ok(t, err)
	ok(t, process.Start())
	acknowledged := first - 1
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if acknowledged < first { // the first one: from now on it writes
			time.AfterFunc(after, func() { _ = process.Process.Kill() })
		}
		if acknowledged, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(err)
		}
	}
	if err := process.Wait(); err == nil || stderr.Len() > 0 || acknowledged < first {
		t.Fatalf("the process ended by itself: %v, %s", err, stderr.String())
	}
	return acknowledged
}

// storedUpTo is the last number of those from first on that the database has without a
// gap; and nothing that it has is another's.
func storedUpTo(t *testing.T, dir string, first int) int {
	t.Helper()
	db, err := mantisdb.Open(dir, nil)
	ok(t, err)
	defer func() { ok(t, db.Close()) }()
	stored := first - 1
	scan := db.Scan(mantisdb.Range{Start: key(first)})
	for k, value := range scan.All() {
		if string(k) != string(value) {
			t.Fatalf("the database has %q of %q", value, k)
		}
		if string(k) == string(key(stored+1)) {
			stored++
		}
	}
	ok(t, scan.Err())
	return stored
}
