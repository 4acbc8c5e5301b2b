package replica_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

const long = time.Hour

// keysOf are the keys of a snapshot.
func keysOf(t *testing.T, snap storage.Snapshot) (keys []string) {
	t.Helper()
	cursor, err := snap.Scan(storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	for cursor.Next() {
		keys = append(keys, string(cursor.Key()))
	}
	if err := cursor.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// wantKeys is what a cut must have.
func wantKeys(t *testing.T, cut cluster.Cut, want string) {
	t.Helper()
	if got := keysOf(t, cut.Snapshot()); len(got) != 1 || got[0] != want {
		t.Errorf("the cut has the keys %q, want %q alone", got, want)
	}
}

func TestWritesWaitForACut(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	put(t, l, "before", "")
	cut, err := l.Cut(long)
	if err != nil {
		t.Fatal(err)
	}
	defer cut.Close()
	done := make(chan error, 2)
	go func() {
		_, err := l.Put([]byte("after"), nil, storage.WriteOptions{})
		done <- err
	}()
	go func() {
		_, _, err := l.Modify(nil, []byte("n"), storage.Modification{Kind: storage.Increment, By: 1}, storage.WriteOptions{})
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("a write was done during a cut: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := cut.Resume(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	wantKeys(t, cut, "before")
	// It outlives the term.
	l.Resign()
	wantKeys(t, cut, "before")
}

func TestACutIsOverInTime(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	cut, err := l.Cut(time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer cut.Close()
	put(t, l, "key", "") // by which it is over
	if err := cut.Resume(); !errors.Is(err, cluster.ErrCutOver) {
		t.Errorf("a cut that is over: %v", err)
	}
}

func TestACutThatIsClosedHoldsNothing(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	cut, err := l.Cut(long)
	if err != nil {
		t.Fatal(err)
	}
	if err := cut.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, l, "key", "")
}

// Another leader writes whether or not this one has its writes wait.
func TestACutOfAnotherLeader(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	cut, err := l.Cut(long)
	if err != nil {
		t.Fatal(err)
	}
	defer cut.Close()
	if _, err := l.replica.Lead(t.Context(), g, 2); err != nil {
		t.Fatal(err)
	}
	if err := cut.Resume(); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("a cut in which another node began a term: %v", err)
	}
}

// A write of whose end nobody knows may be done during a cut that comes after it.
func TestNoCutAfterAWriteThatNobodyKnowsOf(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	begun, end := make(chan struct{}), make(chan struct{})
	g.mu.Lock()
	g.fail = func([]byte) error {
		close(begun)
		<-end
		return errors.New("the group did not agree in time")
	}
	g.mu.Unlock()
	put, cut := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := l.Put([]byte("key"), nil, storage.WriteOptions{})
		put <- err
	}()
	<-begun
	go func() {
		c, err := l.Cut(long)
		if err == nil {
			err = errors.Join(c.Resume(), c.Close())
		}
		cut <- err
	}()
	select {
	case err := <-cut:
		t.Fatalf("a cut was made during a write: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(end)
	if err := <-put; !errors.Is(err, cluster.ErrOutcomeUnknown) {
		t.Fatal(err)
	}
	if err := <-cut; !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("a cut after it: %v", err)
	}
}
