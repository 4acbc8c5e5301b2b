package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var discard = slog.New(slog.DiscardHandler)

// openOn opens a durable engine on a file system of a test.
func openOn(t *testing.T, fs vfs.FS) *GoStorageEngine {
	t.Helper()
	e, err := newGoEngine(Config{Dir: "data", Logger: discard}, fs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// diary is what writers were told is on disk.
type diary struct {
	mu      sync.Mutex
	entries map[string]string
}

func (d *diary) add(key, value string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries[key] = value
}

func (d *diary) copy() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	entries := make(map[string]string, len(d.entries))
	for key, value := range d.entries {
		entries[key] = value
	}
	return entries
}

// writeUntil has several goroutines write keys of their own, one by one and in
// batches of three, until stop or an error, and keeps a diary.
func writeUntil(e Engine, stop <-chan struct{}, d *diary, failed func(error)) *sync.WaitGroup {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := writeOne(e, w, i, d); err != nil {
					failed(err)
					return
				}
			}
		})
	}
	return &wg
}

func writeOne(e Engine, w, i int, d *diary) error {
	value := strings.Repeat(fmt.Sprint(i), 20)
	if i%3 > 0 {
		key := fmt.Sprintf("single-%d-%d", w, i)
		if _, err := e.Put([]byte(key), []byte(value), WriteOptions{}); err != nil {
			return err
		}
		d.add(key, value)
		return nil
	}
	var batch Batch
	for part := range 3 {
		if err := batch.Put(fmt.Appendf(nil, "batch-%d-%d-%d", w, i, part), []byte(value), 0); err != nil {
			return err
		}
	}
	if _, err := e.Write(&batch, WriteOptions{}); err != nil {
		return err
	}
	for part := range 3 {
		d.add(fmt.Sprintf("batch-%d-%d-%d", w, i, part), value)
	}
	return nil
}

// wantDiary expects all that was acknowledged, whole batches, and versions that
// go on above all that were used.
func wantDiary(t *testing.T, e *GoStorageEngine, want map[string]string) {
	t.Helper()
	s, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Scan(Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var newest uint64
	parts := make(map[string]int)
	found := make(map[string]string)
	for c.Next() {
		key := string(c.Key())
		found[key] = string(c.Value())
		newest = max(newest, c.Meta().Version)
		if strings.HasPrefix(key, "batch-") {
			parts[key[:strings.LastIndex(key, "-")]]++
		}
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	for key, value := range want {
		if found[key] != value {
			t.Fatalf("%s was acknowledged as %q and is now %q", key, value, found[key])
		}
	}
	for batch, n := range parts {
		if n != 3 {
			t.Fatalf("%d of 3 parts of %s are there", n, batch)
		}
	}
	version, err := e.Put([]byte("after"), nil, WriteOptions{})
	if err != nil || version <= newest {
		t.Fatalf("a new write has version %d, an old one %d: %v", version, newest, err)
	}
}

// TestAcknowledgedSurvivesPowerLoss cuts the power at random moments: what was
// synced is left, and of what was not, a random part.
func TestAcknowledgedSurvivesPowerLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	fs := vfs.NewCrashableMem()
	d := &diary{entries: make(map[string]string)}
	for round := range rounds {
		e := openOn(t, fs)
		wantDiary(t, e, d.copy())
		stop := make(chan struct{})
		running := &diary{entries: d.copy()}
		wg := writeUntil(e, stop, running, func(err error) { t.Error(err) })
		time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
		if round%3 == 2 { // also while tables are written
			if _, err := e.db.AsyncFlush(); err != nil {
				t.Error(err)
			}
			if _, err := e.versions.next(e.db, 3*versionBlock); err != nil {
				t.Error(err)
			}
		}
		acknowledged := running.copy()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		close(stop)
		wg.Wait()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		fs, d = crashed, &diary{entries: acknowledged}
	}
	e := openOn(t, fs)
	wantDiary(t, e, d.copy())
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLogFailurePoisons breaks the disk under writers: each of them must be
// told, nothing is acknowledged after, and all that was is still there.
func TestLogFailurePoisons(t *testing.T) {
	defer shortenPatience()()
	for _, kind := range []errorfs.OpKind{errorfs.OpFileSyncData, errorfs.OpFileWrite} {
		disk := vfs.NewMem()
		var broken atomic.Bool
		e := openOn(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if broken.Load() && (op.Kind == kind || op.Kind == errorfs.OpFileSync) && strings.HasSuffix(op.Path, ".log") {
				return errors.New("the disk is broken")
			}
			return nil
		})))
		d := &diary{entries: make(map[string]string)}
		var failures atomic.Int64
		wg := writeUntil(e, nil, d, func(err error) {
			failures.Add(1)
			if !errors.Is(err, ErrPoisoned) {
				t.Errorf("a writer got %v", err)
			}
		})
		time.Sleep(20 * time.Millisecond)
		broken.Store(true)
		waitFor(t, "all writers to be told", wg)
		if failures.Load() != 8 {
			t.Fatalf("%d of 8 writers were told", failures.Load())
		}
		for range 3 {
			if _, err := e.Put([]byte("k"), nil, WriteOptions{}); !errors.Is(err, ErrPoisoned) {
				t.Fatalf("a write after the failure: %v", err)
			}
			if _, err := e.AppendGet(nil, []byte("k")); !errors.Is(err, ErrPoisoned) {
				t.Fatalf("a read after the failure: %v", err)
			}
		}
		e.Close() // has an error to tell or not; it must return
		if _, err := e.Stats(); !errors.Is(err, ErrClosed) {
			t.Fatalf("after Close: %v", err)
		}
		e = openOn(t, disk)
		wantDiary(t, e, d.copy())
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnyFileOperationMayFail lets each file operation fail in turn, from Open
// to Close, that one alone or all from it on: there may be an error, but never a
// panic, a hang, or a loss of what was acknowledged.
func TestAnyFileOperationMayFail(t *testing.T) {
	defer shortenPatience()()
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	for _, lasting := range []bool{false, true} {
		at := int64(0)
		for failAt(t, at, lasting) {
			at += step
		}
		t.Logf("%d operations failed in turn", at/step)
	}
}

// failAt is one round, and tells whether it came to the operation.
func failAt(t *testing.T, at int64, lasting bool) bool {
	disk := vfs.NewMem()
	var operations atomic.Int64
	fs := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		if n := operations.Add(1) - 1; n == at || lasting && n > at {
			return errors.New("the disk is broken")
		}
		return nil
	}))
	d := &diary{entries: make(map[string]string)}
	if e, err := newGoEngine(Config{Dir: "data", Logger: discard}, fs, nil); err == nil {
		var wg sync.WaitGroup
		wg.Go(func() { workOnce(e, d) })
		waitFor(t, fmt.Sprintf("work with operation %d failing", at), &wg)
		e.Close()
	}
	again := openOn(t, disk)
	wantDiary(t, again, d.copy())
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	return operations.Load() > at
}

// workOnce writes a little, with a flush in between, and stops at an error.
func workOnce(e *GoStorageEngine, d *diary) {
	for i := range 12 {
		if writeOne(e, 0, i, d) != nil {
			return
		}
		if i == 5 {
			if e.flushNow() != nil {
				return
			}
		}
	}
}

// flushNow waits for a flush for no longer than a moment: it may never come.
func (e *GoStorageEngine) flushNow() (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	flushed, err := e.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
	case <-time.After(50 * time.Millisecond):
	}
	return nil
}

func waitFor(t *testing.T, what string, wg *sync.WaitGroup) {
	t.Helper()
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
}

func shortenPatience() (restore func()) {
	old := shutdownPatience
	shutdownPatience = time.Second
	return func() { shutdownPatience = old }
}
