package storagetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var cursorTests = []test{
	{"CursorIsClosed", testCursorClosed},
	{"CursorLendsUntilNext", testCursorLends},
	{"CursorUnderWrites", testCursorUnderWrites},
	{"CursorAfterItsSnapshot", testCursorAfterSnapshot},
}

func testCursorClosed(t *testing.T, b *bench) {
	e := b.engine(t)
	load(t, e, []entry{{key: "a"}, {key: "b"}, {key: "c"}})
	s := snapshot(t, e)
	defer s.Close()
	for steps := range 5 { // not begun, midway, at the last, past the end
		c, err := s.Scan(storage.Range{})
		ok(t, err)
		for range steps {
			c.Next()
		}
		ok(t, c.Err())
		ok(t, c.Close())
		ok(t, c.Close())
		if c.Next() {
			t.Fatalf("a cursor closed after %d steps goes on", steps)
		}
		if err := c.Err(); steps < 4 {
			wantErr(t, "Err of a cursor closed early and used again", err, storage.ErrClosed)
		}
	}
	other, err := s.Scan(storage.Range{})
	ok(t, err)
	defer other.Close()
	if !other.Next() || string(other.Key()) != "a" {
		t.Fatal("closing a cursor stopped another one")
	}
}

// testCursorLends checks that what a cursor lends stays as it is until the next
// step, whatever happens to the entry meanwhile.
func testCursorLends(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(1000)
	var sorted []entry
	for i := range n {
		sorted = append(sorted, entry{key: fmt.Sprintf("key-%06d", i), value: string(filler(64, uint64(i)))})
	}
	load(t, e, sorted)
	for _, reverse := range []bool{false, true} {
		s := snapshot(t, e)
		c, err := s.Scan(storage.Range{Reverse: reverse})
		ok(t, err)
		want := selected(sorted, storage.Range{Reverse: reverse})
		for i := 0; c.Next(); i++ {
			key, value := c.Key(), c.Value()
			switch i % 3 {
			case 0:
				remove(t, e, want[i].key)
			case 1:
				put(t, e, want[i].key, "overwritten")
			}
			if string(key) != want[i].key || string(value) != want[i].value {
				t.Fatalf("entry %d changed while it was lent: %s = %s", i, show(key), show(value))
			}
			if string(c.Key()) != want[i].key || string(c.Value()) != want[i].value {
				t.Fatalf("entry %d changed between two looks at it", i)
			}
		}
		ok(t, c.Err())
		ok(t, c.Close())
		ok(t, s.Close())
		load(t, e, sorted)
	}
}

// testCursorUnderWrites walks while writers change everything around.
func testCursorUnderWrites(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(5000)
	var sorted []entry
	for i := range n {
		sorted = append(sorted, entry{key: fmt.Sprintf("key-%06d", 2*i), value: fmt.Sprint(i)})
	}
	load(t, e, sorted)
	s := snapshot(t, e)
	defer s.Close()
	done := make(chan struct{})
	var writers, readers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := w; ; i += 7 {
				select {
				case <-done:
					return
				default:
				}
				key := fmt.Appendf(nil, "key-%06d", i%(2*n))
				var err error
				if i%2 == 0 {
					_, err = e.Delete(key, storage.WriteOptions{})
				} else {
					_, err = e.Put(key, []byte("new"), storage.WriteOptions{})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, reverse := range []bool{false, true} {
		readers.Go(func() {
			r := storage.Range{Reverse: reverse}
			want := selected(sorted, r)
			for range 5 {
				if err := compareScan(s, r, want); err != nil {
					t.Errorf("reverse %v: %v", reverse, err)
				}
			}
		})
	}
	readers.Wait()
	close(done)
	writers.Wait()
}

// compareScan is for goroutines, which must not end the test themselves.
func compareScan(s storage.Snapshot, r storage.Range, want []entry) error {
	c, err := s.Scan(r)
	if err != nil {
		return err
	}
	defer c.Close()
	i := 0
	for ; c.Next(); i++ {
		if i == len(want) || string(c.Key()) != want[i].key || string(c.Value()) != want[i].value {
			return fmt.Errorf("entry %d is %q = %q", i, c.Key(), c.Value())
		}
	}
	if c.Err() == nil && i != len(want) {
		return fmt.Errorf("%d entries, want %d", i, len(want))
	}
	return c.Err()
}

// testCursorAfterSnapshot closes a snapshot before its cursor, which callers
// should not do: it must end in ErrClosed or in the right entries.
func testCursorAfterSnapshot(t *testing.T, b *bench) {
	e := b.engine(t)
	var sorted []entry
	for i := range 2000 {
		sorted = append(sorted, entry{key: fmt.Sprintf("key-%06d", i), value: fmt.Sprint(i)})
	}
	load(t, e, sorted)
	s := snapshot(t, e)
	c, err := s.Scan(storage.Range{})
	ok(t, err)
	i := 0
	for ; i < 10 && c.Next(); i++ {
	}
	ok(t, s.Close())
	for ; c.Next(); i++ {
		if string(c.Key()) != sorted[i].key {
			t.Fatalf("entry %d is %s", i, show(c.Key()))
		}
	}
	if err := c.Err(); err != nil {
		wantErr(t, "Err of a cursor whose snapshot was closed", err, storage.ErrClosed)
	} else if i != len(sorted) {
		t.Fatalf("the cursor ended after %d of %d entries without an error", i, len(sorted))
	}
	ok(t, c.Close())
}
