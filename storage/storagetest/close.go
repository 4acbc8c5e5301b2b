package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

var closeTests = []test{
	{"UseAfterClose", testUseAfterClose},
	{"CloseAtOnce", testCloseAtOnce},
	{"CloseWaitsForClose", testCloseWaits},
	{"CloseUnderLoad", testCloseUnderLoad},
	{"CloseUnderScans", testCloseUnderScans},
}

// isClosed tells whether err is ErrClosed, and reports any other error.
func isClosed(t testing.TB, err error) bool {
	t.Helper()
	if err != nil && !errors.Is(err, storage.ErrClosed) {
		t.Errorf("got error %v, want nil or ErrClosed", err)
	}
	return err != nil
}

// calls are all methods of an engine and of a snapshot, each as a call that
// checks its own result.
func calls(e storage.Engine, s storage.Snapshot) map[string]func() error {
	key, value := []byte("key"), []byte("value")
	same := func(got []byte, err error) error {
		if err == nil && string(got) != "value" {
			return fmt.Errorf("the value is %q", got)
		}
		return err
	}
	return map[string]func() error{
		"AppendGet": func() error { return same(e.AppendGet(nil, key)) },
		"AppendGetMeta": func() error {
			got, _, err := e.AppendGetMeta(nil, key)
			return same(got, err)
		},
		"Has": func() error {
			has, err := e.Has(key)
			if err == nil && !has {
				return errors.New("the key is not there")
			}
			return err
		},
		"MultiGet": func() error {
			var out storage.Values
			if err := e.MultiGet([][]byte{key, key}, &out); err != nil {
				return err
			}
			got, _ := out.At(1)
			return same(got, nil)
		},
		"Put": func() error {
			_, err := e.Put(key, value, storage.WriteOptions{})
			return err
		},
		"PutIfAbsent": func() error {
			_, stored, err := e.PutIfAbsent(key, value, storage.WriteOptions{})
			if stored {
				return errors.New("stored over a live value")
			}
			return err
		},
		"Delete": func() error {
			_, err := e.Delete([]byte("other"), storage.WriteOptions{})
			return err
		},
		"Write": func() error {
			var batch storage.Batch
			if err := batch.Put(key, value, 0); err != nil {
				return err
			}
			_, err := e.Write(&batch, storage.WriteOptions{})
			return err
		},
		"Snapshot": func() error {
			s, err := e.Snapshot()
			if err == nil {
				err = s.Close()
			}
			return err
		},
		"Sync": e.Sync,
		"Stats": func() error {
			_, err := e.Stats()
			return err
		},
		"Snapshot.AppendGetMeta": func() error {
			got, _, err := s.AppendGetMeta(nil, key)
			return same(got, err)
		},
		"Snapshot.Scan": func() error {
			return compareScan(s, storage.Range{}, []entry{{key: "key", value: "value"}})
		},
	}
}

func testUseAfterClose(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "key", "value")
	s := snapshot(t, e)
	c, err := s.Scan(storage.Range{})
	ok(t, err)
	midway, err := s.Scan(storage.Range{})
	ok(t, err)
	if !midway.Next() {
		t.Fatal(midway.Err())
	}
	name, version := e.Name(), s.Version()
	lentKey, lentValue := midway.Key(), midway.Value()
	ok(t, e.Close())
	ok(t, e.Close())
	for what, call := range calls(e, s) {
		wantErr(t, what+" after Close", call(), storage.ErrClosed)
	}
	wantErr(t, "Checkpoint", e.Checkpoint(t.TempDir()+"/copy"), storage.ErrClosed)
	dst, err := e.AppendGet([]byte("dst"), []byte("key"))
	wantErr(t, "AppendGet", err, storage.ErrClosed)
	sameBytes(t, "dst", dst, []byte("dst"))
	var empty storage.Batch
	_, err = e.Write(&empty, storage.WriteOptions{})
	wantErr(t, "Write of an empty batch", err, storage.ErrClosed)
	if c.Next() {
		t.Fatal("a cursor goes on after Close")
	}
	wantErr(t, "Err of a cursor", c.Err(), storage.ErrClosed)
	// What was lent before Close is still lent.
	sameBytes(t, "a key lent before Close", lentKey, []byte("key"))
	sameBytes(t, "a value lent before Close", lentValue, []byte("value"))
	ok(t, c.Close())
	ok(t, midway.Close())
	ok(t, s.Close())
	ok(t, s.Close())
	if e.Name() != name || s.Version() != version {
		t.Fatal("Close changed the engine's name or the snapshot's version")
	}
}

func testCloseAtOnce(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "key", "value")
	s := snapshot(t, e)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			closing := e.Close
			if i%4 == 3 {
				closing = s.Close
			}
			if err := closing(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// testCloseWaits: whichever of several closings returns first, the engine is
// closed by then, and its directory can be opened.
func testCloseWaits(t *testing.T, b *bench) {
	for range 5 {
		dir := b.dir(t)
		e := b.open(t, dir)
		for i := range 5000 {
			// So that there is something left to do.
			_, err := e.Put(fmt.Append(nil, i), filler(200, uint64(i)), storage.WriteOptions{Durability: storage.DurabilityMemory})
			ok(t, err)
		}
		returned := make(chan error)
		for range 8 {
			go func() { returned <- e.Close() }()
		}
		ok(t, <-returned)
		_, err := e.Has([]byte("0"))
		wantErr(t, "after the first Close returned", err, storage.ErrClosed)
		again := b.engineIn(t, dir)
		if b.onDisk {
			wantValue(t, again, "4999", string(filler(200, 4999)))
		}
		for range 7 {
			ok(t, <-returned)
		}
	}
}

// testCloseUnderLoad closes an engine while 16 goroutines use all of its
// methods: each call must be right or ErrClosed, and ErrClosed ever after.
func testCloseUnderLoad(t *testing.T, b *bench) {
	for range scaled(20) {
		e := b.open(t, b.dir(t))
		put(t, e, "key", "value")
		s := snapshot(t, e)
		all := calls(e, s)
		started := make(chan struct{}, 16)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for first, closed := true, false; !closed; first = false {
					for what, call := range all { // in random order
						err := call()
						switch {
						case err != nil && !errors.Is(err, storage.ErrClosed):
							t.Errorf("%s: %v", what, err)
							closed = true
						case err == nil && closed:
							t.Errorf("%s succeeds after another call was ErrClosed", what)
						case err != nil:
							closed = true
						}
						if first {
							first = false
							started <- struct{}{}
						}
					}
				}
			})
		}
		for range 16 {
			<-started
		}
		time.Sleep(time.Millisecond)
		ok(t, e.Close())
		wg.Wait()
		for what, call := range all {
			wantErr(t, what, call(), storage.ErrClosed)
		}
		ok(t, s.Close())
	}
}

// testCloseUnderScans closes an engine under cursors that are on their way.
func testCloseUnderScans(t *testing.T, b *bench) {
	var sorted []entry
	for i := range 3000 {
		sorted = append(sorted, entry{key: fmt.Sprintf("key-%06d", i), value: string(filler(200, uint64(i)))})
	}
	for range scaled(10) {
		e := b.open(t, b.dir(t))
		load(t, e, sorted)
		started := make(chan struct{}, 16)
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Go(func() {
				r := storage.Range{Reverse: g%2 == 0}
				want := selected(sorted, r)
				for first := true; ; first = false {
					s, err := e.Snapshot()
					if first {
						started <- struct{}{}
					}
					if isClosed(t, err) {
						return
					}
					err = compareScan(s, r, want)
					if closeErr := s.Close(); closeErr != nil {
						t.Error(closeErr)
					}
					if isClosed(t, err) {
						return
					}
				}
			})
		}
		for range 16 {
			<-started
		}
		time.Sleep(time.Millisecond)
		ok(t, e.Close())
		wg.Wait()
	}
}
