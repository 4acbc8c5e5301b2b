package consensus

import (
	"context"
	"errors"
	"fmt"
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
