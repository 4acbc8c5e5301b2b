package replica_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/storage"
)

// put stores a value, which must succeed.
func put(t *testing.T, e storage.Engine, key, value string) {
	t.Helper()
	if _, err := e.Put([]byte(key), []byte(value), storage.WriteOptions{}); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

// sum is the checksum of a replica.
func sum(t *testing.T, r *replica.Replica) string {
	t.Helper()
	applied, entries, sum, err := r.Checksum()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(applied, " ", entries, " ", sum)
}

func TestALaterTermVoidsAnEarlierOne(t *testing.T) {
	first, g := lead(t, t.TempDir())
	defer first.Close()
	put(t, first, "key", "first")
	second, err := first.replica.Lead(t.Context(), g, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Put([]byte("key"), []byte("void"), storage.WriteOptions{}); !errors.Is(err, cluster.ErrNotLeader) {
		t.Fatalf("a write of a term that is over: %v", err)
	}
	<-first.Over()
	if value, err := second.AppendGet(nil, []byte("key")); err != nil || string(value) != "first" {
		t.Fatalf("after a void write there is %q, %v", value, err)
	}
	if _, _, err := first.AppendGetMeta(nil, []byte("key")); !errors.Is(err, cluster.ErrNotLeader) {
		t.Fatalf("a read of a term that is over: %v", err)
	}
}

// A leader that has not been told yet that its term is over reads nothing with the versions of that.
func TestNothingIsReadAfterTheTerm(t *testing.T) {
	first, g := lead(t, t.TempDir())
	defer first.Close()
	put(t, first, "key", "value")
	if _, err := first.replica.Lead(t.Context(), g, 2); err != nil {
		t.Fatal(err)
	}
	if _, _, err := first.AppendGetMeta(nil, []byte("key")); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("AppendGetMeta: %v", err)
	}
	if _, err := first.Snapshot(); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("Snapshot: %v", err)
	}
	if _, err := first.Scan(storage.Range{}); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("Scan: %v", err)
	}
}

// fullEngine refuses writes while it is full.
type fullEngine struct {
	storage.Engine
	full atomic.Bool
}

func (e *fullEngine) Write(b *storage.Batch, o storage.WriteOptions) (uint64, error) {
	if e.full.Load() {
		return 0, errors.New("no room")
	}
	return e.Engine.Write(b, o)
}

// What comes after an entry that a stopping replica has left out must not be applied, and nobody
// may take what was left out for being on its disk.
func TestAStoppedReplicaLeavesOutAllThatFollows(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	full := new(fullEngine)
	l.replica.Exchange(func(e storage.Engine) storage.Engine {
		full.Engine = e
		return full
	})
	propose := func() error {
		_, err := g.Propose(t.Context(), []byte("\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00"))
		return err
	}
	if err := errors.Join(propose(), l.replica.Sync()); err != nil {
		t.Fatal(err)
	}
	before := sum(t, l.replica)
	full.full.Store(true)
	time.AfterFunc(50*time.Millisecond, l.replica.Stop)
	if err := propose(); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("an entry for which there was no room until Stop: %v", err)
	}
	full.full.Store(false)
	if err := propose(); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("an entry behind one that was left out: %v", err)
	}
	if err := l.replica.Sync(); !errors.Is(err, replica.ErrLeftOut) {
		t.Errorf("a sync of what was left out: %v", err)
	}
	if after := sum(t, l.replica); after != before {
		t.Errorf("it was %s, and is %s", before, after)
	}
}

// A replica that is stopped goes on while it can, as the library takes all for applied that it gave.
func TestAStoppedReplicaAppliesWhatItCan(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	applied := l.replica.Applied()
	l.replica.Stop()
	if _, err := g.Propose(t.Context(), []byte("\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	if err := l.replica.Sync(); err != nil || l.replica.Applied() <= applied {
		t.Errorf("after an entry behind Stop, %d of which %d were applied before: %v", l.replica.Applied(), applied, err)
	}
}

// A value has a greater version in a later term, so that what was read before is no condition any
// more.
func TestVersionsBelongToATerm(t *testing.T) {
	first, g := lead(t, t.TempDir())
	defer first.Close()
	put(t, first, "key", "value")
	_, before, err := first.AppendGetMeta(nil, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.replica.Lead(t.Context(), g, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, after, err := second.AppendGetMeta(nil, []byte("key"))
	if err != nil || after.Version <= before.Version {
		t.Fatalf("version %d in the first term, %d in the second, %v", before.Version, after.Version, err)
	}
	swap := storage.Modification{Kind: storage.CompareVersion, Version: before.Version, Value: []byte("other")}
	if _, done, err := second.Modify(nil, []byte("key"), swap, storage.WriteOptions{}); err != nil || done.Version != 0 {
		t.Fatalf("a version of the first term held in the second: %+v, %v", done, err)
	}
	swap.Version = after.Version
	if _, done, err := second.Modify(nil, []byte("key"), swap, storage.WriteOptions{}); err != nil || done.Version == 0 {
		t.Fatalf("a version of the term did not hold: %+v, %v", done, err)
	}
}

func TestAnUnknownOutcomeEndsTheTerm(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	g.mu.Lock()
	g.fail = func([]byte) error { return errors.New("no majority") }
	g.mu.Unlock()
	if _, err := l.Put([]byte("key"), nil, storage.WriteOptions{}); !errors.Is(err, cluster.ErrOutcomeUnknown) {
		t.Fatalf("a write that nobody knows of: %v", err)
	}
	<-l.Over()
	g.mu.Lock()
	g.fail = nil
	g.mu.Unlock()
	if _, err := l.Put([]byte("key"), nil, storage.WriteOptions{}); !errors.Is(err, cluster.ErrNotLeader) || errors.Is(err, cluster.ErrOutcomeUnknown) {
		t.Fatalf("a write after one that nobody knows of: %v", err)
	}
}

func TestADroppedEntryWasNotDone(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	g.mu.Lock()
	g.fail = func([]byte) error { return replica.ErrDropped }
	g.mu.Unlock()
	_, err := l.Put([]byte("key"), nil, storage.WriteOptions{})
	if !errors.Is(err, cluster.ErrNotLeader) || errors.Is(err, cluster.ErrOutcomeUnknown) {
		t.Fatalf("a write that was dropped: %v", err)
	}
}

// Increments of one key, blind writes of others and transactions go on at the same time, and none
// is lost.
func TestLatchesLoseNothing(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	const writers, each = 8, 50
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				m := storage.Modification{Kind: storage.Increment, By: 1}
				if _, _, err := l.Modify(nil, []byte("counter"), m, storage.WriteOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := l.Put(fmt.Append(nil, w, "/", i), nil, storage.WriteOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if value, err := l.AppendGet(nil, []byte("counter")); err != nil || string(value) != fmt.Sprint(writers*each) {
		t.Fatalf("%d increments made %q, %v", writers*each, value, err)
	}
}

func TestASnapshotReplacesAll(t *testing.T) {
	from, _ := lead(t, t.TempDir())
	defer from.Close()
	for i := range 1000 {
		put(t, from, fmt.Sprint("key ", i), strings.Repeat("value ", i%100))
	}
	dir := t.TempDir()
	to, _ := lead(t, dir)
	put(t, to, "old", "is gone")
	prepared, err := from.replica.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	put(t, from, "later", "is not in the snapshot")
	var sent bytes.Buffer
	if err := from.replica.Save(prepared, &sent); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(prepared); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the snapshot is still there: %v", err)
	}
	damaged := sent.Bytes()[:sent.Len()/2]
	if err := to.replica.Restore(bytes.NewReader(damaged)); err == nil {
		t.Fatal("half a snapshot was restored")
	}
	if term, holder := to.replica.Term(); term == 0 || holder == 0 {
		t.Fatal("a snapshot that was refused took the term away")
	}
	if err := to.replica.Restore(&sent); err != nil {
		t.Fatal(err)
	}
	put(t, from, "latest", "too")
	if got, want := to.replica.Applied(), from.replica.Applied(); got != want-2 {
		t.Fatalf("the snapshot is of entry %d, want %d", got, want-2)
	}
	before := sum(t, to.replica)
	to.Close()
	again := replica.New(replica.Config{Dir: dir, Engine: storage.DefaultEngine})
	if _, err := again.Open(); err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if after := sum(t, again); after != before {
		t.Fatalf("opened again, it is %s, and was %s", after, before)
	}
}

// A crash between the removal of the data and the arrival of the snapshot leaves the snapshot.
func TestACrashWhileASnapshotArrives(t *testing.T) {
	dir := t.TempDir()
	l, _ := lead(t, dir)
	put(t, l, "key", "value")
	if err := l.replica.Sync(); err != nil {
		t.Fatal(err)
	}
	want := sum(t, l.replica)
	l.Close()
	if err := os.Rename(filepath.Join(dir, "data"), filepath.Join(dir, "incoming")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "outgoing-replaced"), 0o700); err != nil {
		t.Fatal(err)
	}
	again := replica.New(replica.Config{Dir: dir, Engine: storage.DefaultEngine})
	if _, err := again.Open(); err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := sum(t, again); got != want {
		t.Fatalf("after the crash there is %s, want %s", got, want)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "outgoing-*")); err != nil || len(left) > 0 {
		t.Fatalf("left: %v, %v", left, err)
	}
}

func TestMalformedEntriesAreRefused(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	put(t, l, "key", "value")
	before := sum(t, l.replica)
	for name, entry := range map[string]string{
		"empty":             "",
		"short":             "\x01\x02\x01",
		"another format":    "\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00",
		"another kind":      "\x01\x09\x01\x00\x00\x00\x00\x00\x00\x00",
		"a broken batch":    "\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff",
		"a term's cut body": "\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x01",
	} {
		if err := l.replica.Apply([]uint64{99}, [][]byte{[]byte(entry)}, make([]uint64, 1)); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	if after := sum(t, l.replica); after != before {
		t.Errorf("malformed entries changed %s to %s", before, after)
	}
}

// TestOneAloneAsksNobody: while no other replica can lead, reads take no question to the group,
// and from the moment on at which another one is asked to join, each does.
func TestOneAloneAsksNobody(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	if _, err := l.Put([]byte("k"), []byte("v"), storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	read := func(want int64) {
		t.Helper()
		before := g.asked.Load()
		if got, err := l.AppendGet(nil, []byte("k")); err != nil || string(got) != "v" {
			t.Errorf("%q, %v", got, err)
		}
		if asked := g.asked.Load() - before; asked != want {
			t.Errorf("%d questions, want %d", asked, want)
		}
	}
	time.Sleep(300 * time.Millisecond) // longer than a lease, with which it would ask nobody either
	read(0)
	g.joined.Store(true)
	read(1)
}

// TestADroppedKeyspaceIsToldToItsEnd: a watch that has much to look through tells what was written to a
// keyspace before that was dropped.
func TestADroppedKeyspaceIsToldToItsEnd(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	db, err := mantisdb.OpenEngine(l.Leader, nil)
	if err != nil {
		t.Fatal(err)
	}
	ks, err := db.CreateKeyspace("dropped", mantisdb.KeyspaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := ks.Watch(mantisdb.Range{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	from := before.From()
	before.Close()
	for range 2000 { // more than one look takes
		if err := db.Put([]byte("beside"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := ks.Put([]byte("last"), nil); err != nil {
		t.Fatal(err)
	}
	w, err := ks.Watch(mantisdb.Range{}, from)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := db.DropKeyspace("dropped"); err != nil {
		t.Fatal(err)
	}
	if c, err := w.Next(t.Context()); string(c.Key) != "last" || err != nil {
		t.Errorf("told is %+v, %v", c, err)
	}
	for err == nil {
		_, err = w.Next(t.Context())
	}
	if !errors.Is(err, mantisdb.ErrKeyspaceDropped) {
		t.Errorf("the watch ends with %v", err)
	}
}
