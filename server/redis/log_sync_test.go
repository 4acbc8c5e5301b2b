package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/control"
)

// heldDisk is a database in a directory whose log is synced when the test lets it be.
type heldDisk struct {
	*mantisdb.DB
	syncs   atomic.Int64  // that were begun
	turns   chan struct{} // one for each sync that may end; nil lets all
	failure error
}

func (d *heldDisk) SyncLog() error {
	d.syncs.Add(1)
	if d.turns != nil {
		<-d.turns
	}
	if d.failure != nil {
		return d.failure
	}
	return d.DB.SyncLog()
}

// newHeldDisk is one that holds all syncs, until the test ends.
func newHeldDisk(t *testing.T) *heldDisk {
	t.Helper()
	db, err := mantisdb.Open(t.TempDir(), &mantisdb.Options{Durability: mantisdb.DurabilitySync})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &heldDisk{DB: db, turns: make(chan struct{}, 1000)}
}

// letAll lets all later syncs end.
func (d *heldDisk) letAll() { close(d.turns) }

// wantSilence expects that nothing is answered for a moment.
func (c *testConn) wantSilence() {
	c.t.Helper()
	if reply, err := c.tryRead(50 * time.Millisecond); err == nil {
		c.t.Fatalf("%#v was answered before it was on disk", reply)
	}
}

func TestWritesAreAnsweredOnceTheyAreOnDisk(t *testing.T) {
	for _, write := range [][]string{
		{"SET", "key", "2"}, {"SET", "key", "2", "EX", "100"}, {"MSET", "key", "2", "other", "3"}, {"SETNX", "new", "2"},
		{"GETSET", "key", "2"}, {"GETDEL", "key"}, {"DEL", "key"}, {"DEL", "key", "other"}, {"INCR", "key"}, {"INCRBYFLOAT", "key", "1.5"},
		{"APPEND", "key", "2"}, {"SETRANGE", "key", "1", "2"}, {"EXPIRE", "key", "100"}, {"PERSIST", "volatile"}, {"RENAME", "key", "other"},
		{"COPY", "key", "other"}, {"SETBIT", "key", "1", "1"}, {"FLUSHDB"}, {"SWAPDB", "0", "1"},
	} {
		t.Run(strings.Join(write, "_"), func(t *testing.T) {
			disk := newHeldDisk(t)
			s := newTestServerOf(t, disk.DB, Config{Database: disk})
			c, reader := s.dial(t), s.dial(t)
			disk.turns <- struct{}{}
			c.want("OK", "MSET", "key", "1", "volatile", "1")
			disk.turns <- struct{}{}
			c.want(int64(1), "EXPIRE", "volatile", "100")
			c.send(write...)
			c.wantSilence()
			reader.want("PONG", "PING")
			reader.do("GET", "key") // which nobody holds up
			disk.letAll()
			c.read()
			c.want("PONG", "PING")
		})
	}
}

func TestReadsDoNotWaitForTheDisk(t *testing.T) {
	disk := newHeldDisk(t)
	c := newTestServerOf(t, disk.DB, Config{Database: disk}).dial(t)
	c.want(nil, "GET", "key")
	c.want("OK", "MULTI")
	c.want("QUEUED", "GET", "key")
	c.want([]any{nil}, "EXEC")
	if n := disk.syncs.Load(); n != 0 {
		t.Errorf("%d syncs for reads", n)
	}
	disk.letAll()
}

// TestOneSyncServesAPipeline is about commands of different kinds, and one of a transaction.
func TestOneSyncServesAPipeline(t *testing.T) {
	disk := newHeldDisk(t)
	disk.letAll()
	c := newTestServerOf(t, disk.DB, Config{Database: disk}).dial(t)
	c.write(command("SET", "a", "1") + command("INCR", "a") + command("GET", "a") + command("MULTI") + command("APPEND", "a", "0") +
		command("INCR", "a") + command("EXEC") + command("SET", "b", "2"))
	for _, want := range []any{"OK", int64(2), "2", "OK", "QUEUED", "QUEUED", []any{int64(2), int64(21)}, "OK"} {
		c.wantNext(want)
	}
	if n := disk.syncs.Load(); n != 1 {
		t.Errorf("%d syncs for one pipeline", n)
	}
}

func TestOneSyncServesManyClients(t *testing.T) {
	needsLoops(t)
	disk := newHeldDisk(t)
	s := newTestServerOf(t, disk.DB, Config{Database: disk})
	first := s.dial(t)
	first.send("SET", "first", "value")
	waitUntil(t, func() bool { return disk.syncs.Load() == 1 })
	conns := make([]*testConn, 50)
	for i := range conns {
		conns[i] = s.dial(t)
		conns[i].send("SET", fmt.Sprint("key", i), "value")
	}
	s.waitForWaiting(t, len(conns))
	disk.letAll()
	for _, c := range append(conns, first) {
		c.wantNext("OK")
	}
	if n := disk.syncs.Load(); n != 2 {
		t.Errorf("%d syncs, one for the first and one for %d that waited meanwhile", n, len(conns))
	}
}

// waitForWaiting waits until so many clients wait for the next sync.
func (s *testServer) waitForWaiting(t *testing.T, n int) {
	t.Helper()
	waitUntil(t, func() bool {
		s.logSync.mu.Lock()
		defer s.logSync.mu.Unlock()
		return len(s.logSync.waiting) == n
	})
}

// TestReadersAreNotHeldUpByASync while they come: the loop goes on at once, and not only when its
// watchdog finds the sync, some milliseconds later.
func TestReadersAreNotHeldUpByASync(t *testing.T) {
	needsLoops(t)
	disk := newHeldDisk(t)
	s := newTestServerOf(t, disk.DB, Config{Database: disk})
	reader, writer := s.dial(t), s.dial(t)
	var took []time.Duration
	for i := range int64(20) {
		reader.want("PONG", "PING")
		writer.send("SET", "key", "value")
		waitUntil(t, func() bool { return disk.syncs.Load() == i+1 })
		begun := time.Now()
		reader.want("PONG", "PING")
		took = append(took, time.Since(begun))
		disk.turns <- struct{}{}
		writer.wantNext("OK")
	}
	slices.Sort(took)
	if took[4] > 2*time.Millisecond { // which other work on the machine may do to some
		t.Errorf("of PINGs during syncs, the fifth quickest took %v", took[4])
	}
}

func TestFailedSyncIsToldToAllWhomItWasToServe(t *testing.T) {
	needsLoops(t)
	disk := newHeldDisk(t)
	disk.failure = errors.New("the disk is gone")
	s := newTestServerOf(t, disk.DB, Config{Database: disk})
	first := s.dial(t)
	first.send("SET", "first", "value")
	waitUntil(t, func() bool { return disk.syncs.Load() == 1 })
	conns := []*testConn{first, s.dial(t), s.dial(t)}
	for _, c := range conns[1:] {
		c.send("SET", "key", "value")
	}
	s.waitForWaiting(t, 2)
	disk.letAll()
	for _, c := range conns {
		reply, err := c.tryRead(10 * time.Second)
		if text := fmt.Sprint(reply, err); !strings.Contains(text, "the disk is gone") {
			t.Fatalf("answered %s", text)
		}
		c.wantClosed()
	}
}

func TestFailedSyncIsToldInPlaceOfTheReplies(t *testing.T) {
	disk := newHeldDisk(t)
	disk.failure = errors.New("the disk is gone")
	disk.letAll()
	c := newTestServerOf(t, disk.DB, Config{Database: disk}).dial(t)
	c.write(command("SET", "a", "1") + command("SET", "b", "1"))
	reply, err := c.tryRead(10 * time.Second)
	if text := fmt.Sprint(reply, err); !strings.Contains(text, "the disk is gone") {
		t.Fatalf("answered %s", text)
	}
	c.wantClosed()
}

func TestHeldClientsMayBeKilledOrLeave(t *testing.T) {
	disk := newHeldDisk(t)
	s := newTestServerOf(t, disk.DB, Config{Database: disk})
	killer := s.dial(t)
	killed, gone := s.dial(t), s.dial(t)
	id := killed.do("CLIENT", "ID").(int64)
	killed.send("SET", "killed", "1")
	gone.send("SET", "gone", "1")
	waitUntil(t, func() bool { return killer.do("EXISTS", "killed", "gone") == int64(2) })
	killer.want(int64(1), "CLIENT", "KILL", "ID", fmt.Sprint(id))
	gone.Close()
	disk.letAll()
	killed.wantClosed()
	waitUntil(t, func() bool { return strings.Count(killer.do("CLIENT", "LIST").(string), "\n") == 1 })
	killer.want("1", "GET", "killed")
}

func TestShutdownAnswersWhatWaitsForTheDisk(t *testing.T) {
	disk := newHeldDisk(t)
	s := newTestServerOf(t, disk.DB, Config{Database: disk})
	c := s.dial(t)
	c.send("SET", "key", "1")
	waitUntil(t, func() bool { return disk.syncs.Load() == 1 })
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	c.wantSilence()
	disk.letAll()
	c.wantNext("OK")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestConsoleAnswersOnceItIsOnDisk(t *testing.T) {
	disk := newHeldDisk(t)
	s := newTestServerOf(t, disk.DB, Config{Database: disk})
	answered := make(chan control.Outcome, 1)
	go func() {
		outcome, err := s.Run(context.Background(), control.Visitor{}, control.Line{Text: "SET key 1", Protocol: 2})
		if err != nil {
			t.Error(err)
		}
		answered <- outcome
	}()
	waitUntil(t, func() bool { return disk.syncs.Load() == 1 })
	select {
	case outcome := <-answered:
		t.Fatalf("%v was answered before it was on disk", outcome)
	case <-time.After(50 * time.Millisecond):
	}
	disk.letAll()
	if outcome := <-answered; string(outcome.Reply.Text) != "OK" {
		t.Fatalf("answered %v", outcome)
	}
}
