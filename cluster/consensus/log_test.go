package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/storage"
)

// TestEntries: what was agreed upon is read from the log, in parts, and what the log has no more is said
// to be gone.
func TestEntries(t *testing.T) {
	h, address := openHost(t)
	g, r := leadAlone(t, h, address, 3)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	await(t, "log that begins later", func() error {
		if _, _, err := g.Entries(ctx, 1, 2); !errors.Is(err, replica.ErrCompacted) {
			return fmt.Errorf("entry 1 is read: %v", err)
		}
		return nil
	})
	term, err := r.Lead(ctx, g, 1)
	if err != nil {
		t.Fatal(err)
	}
	put := func(n int) {
		for i := range n {
			if _, err := term.Put(fmt.Append(nil, i), nil, storage.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(200) // so that there is a mark behind the log's beginning
	f, err := term.Watch(storage.Range{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	from := f.From()
	if err := f.Close(); err != nil { // so that nothing is kept in memory
		t.Fatal(err)
	}
	first, writes := r.Applied()+1, 2*entriesAtOnce
	put(writes)
	entries, next, err := g.Entries(ctx, first, r.Applied()+1)
	if err != nil || len(entries) != entriesAtOnce || entries[0].Index != first || next != first+entriesAtOnce {
		t.Errorf("%d entries from %d on up to %d, %v", len(entries), first, next, err)
	}
	if f, err = term.Watch(storage.Range{}, from); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range writes {
		c, err := f.Next(ctx)
		if err != nil || string(c.Key) != fmt.Sprint(i) {
			t.Fatalf("change %d is one of %q, %v", i, c.Key, err)
		}
	}
}

// TestWatchAfterARestart: a replica that was stopped and started again tells of changes from before, from any
// that its log still has.
func TestWatchAfterARestart(t *testing.T) {
	h, address := openHost(t)
	dir := t.TempDir()
	g, r := leadAloneIn(t, dir, h, address, 3)
	var versions []uint64
	for range 2 {
		term, err := r.Lead(t.Context(), g, 1)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			version, err := term.Put(fmt.Append(nil, len(versions)), nil, storage.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			versions = append(versions, version)
		}
		stop(t, g, r)
		r = newReplica(dir)
		await(t, "replica that is started again", func() error {
			g, err = h.Start(Start{Group: testGroup, Replica: 1, Failed: unexpected(t)}, r)
			return err
		})
		await(t, "leader", func() error {
			if g.Leader() != 1 {
				return errors.New("nobody leads")
			}
			return nil
		})
	}
	term, err := r.Lead(t.Context(), g, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for first := 0; first < len(versions); first += 57 {
		f, err := term.Watch(storage.Range{}, versions[first])
		if err != nil {
			t.Fatalf("from change %d on: %v", first, err)
		}
		for i := first; i < len(versions); i++ {
			c, err := f.Next(ctx)
			if err != nil || string(c.Key) != fmt.Sprint(i) || c.Version != versions[i] {
				t.Fatalf("change %d is one of %q with version %d, and not %d, %v", i, c.Key, c.Version, versions[i], err)
			}
		}
		f.Close()
	}
	if _, err := term.Watch(storage.Range{}, 1); !errors.Is(err, storage.ErrHistoryGone) {
		t.Errorf("from before the log: %v", err)
	}
}

// TestStopWhileTheLogIsRead: the library panics if a replica is stopped while it looks for what was
// asked of its log, so a read is waited for, also by a reader whose context ends.
func TestStopWhileTheLogIsRead(t *testing.T) {
	for range 3 {
		h, address := openHost(t)
		g, r := leadAlone(t, h, address, 3)
		term, err := r.Lead(t.Context(), g, 1)
		if err != nil {
			t.Fatal(err)
		}
		first, value := r.Applied()+1, make([]byte, 15_000)
		for i := range entriesAtOnce {
			if _, err := term.Put(fmt.Append(nil, i), value, storage.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		last := r.Applied() + 1
		term.Resign()
		alive, end := context.WithCancel(t.Context())
		var reading sync.WaitGroup
		reading.Go(func() {
			for alive.Err() == nil {
				g.Entries(alive, first, last)
			}
		})
		time.Sleep(5 * time.Millisecond)
		end()
		stop(t, g, r)
		reading.Wait()
		if _, _, err := g.Entries(t.Context(), first, last); err == nil {
			t.Error("the log of a replica that was stopped is read")
		}
		h.Close()
	}
}
