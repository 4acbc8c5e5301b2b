package backed_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
)

// patience is how long a test waits for what must happen in the end.
const patience = 30 * time.Second

// mapStore is a store in a map, with what tests want to know and to change.
type mapStore struct {
	mu      sync.Mutex
	entries map[string]backed.Entry
	loads   int
	calls   int
	log     []string // writes, in order
	// before runs before each call, without the lock. An error ends the call. It is
	// given nil for a load.
	before func(writes []backed.Write) error
	jitter bool // loads and writes take a moment, at random
}

func newMapStore() *mapStore { return &mapStore{entries: make(map[string]backed.Entry)} }

func (s *mapStore) Load(_ context.Context, key []byte) (backed.Entry, error) {
	if err := s.begin(nil); err != nil {
		return backed.Entry{}, err
	}
	s.mu.Lock()
	s.loads++
	e, found := s.entries[string(key)]
	s.mu.Unlock()
	s.dally()
	if !found {
		return e, backed.ErrNotFound
	}
	return backed.Entry{Value: append([]byte(nil), e.Value...), ExpiresAt: e.ExpiresAt}, nil
}

func (s *mapStore) Store(_ context.Context, key []byte, e backed.Entry) error {
	return s.write([]backed.Write{{Key: key, Entry: e}})
}

func (s *mapStore) Delete(_ context.Context, key []byte) error {
	return s.write([]backed.Write{{Key: key, Deleted: true}})
}

func (s *mapStore) begin(writes []backed.Write) error {
	s.mu.Lock()
	s.calls++
	before := s.before
	s.mu.Unlock()
	s.dally()
	if before != nil {
		return before(writes)
	}
	return nil
}

func (s *mapStore) dally() {
	if !s.jitter {
		return
	}
	for range rand.IntN(4) {
		runtime.Gosched()
	}
	if rand.IntN(50) == 0 {
		time.Sleep(50 * time.Microsecond)
	}
}

func (s *mapStore) write(writes []backed.Write) error {
	if err := s.begin(writes); err != nil {
		return err
	}
	s.mu.Lock()
	for _, w := range writes {
		if w.Deleted {
			delete(s.entries, string(w.Key))
			s.log = append(s.log, string(w.Key)+" deleted")
		} else {
			value := append([]byte(nil), w.Entry.Value...)
			s.entries[string(w.Key)] = backed.Entry{Value: value, ExpiresAt: w.Entry.ExpiresAt}
			s.log = append(s.log, fmt.Sprintf("%s=%s", w.Key, value))
		}
	}
	s.mu.Unlock()
	s.dally()
	return nil
}

// fail has every call from now on return an error; nil ends that.
func (s *mapStore) fail(err error) {
	s.hook(func([]backed.Write) error { return err })
}

func (s *mapStore) hook(before func([]backed.Write) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

func (s *mapStore) put(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[key] = backed.Entry{Value: []byte(value)}
}

func (s *mapStore) value(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.entries[key].Value)
}

func (s *mapStore) figures() (loads, calls int, log []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads, s.calls, append([]string(nil), s.log...)
}

// bulkStore is a mapStore that reads and writes many keys at once.
type bulkStore struct{ *mapStore }

func (s bulkStore) WriteMany(_ context.Context, writes []backed.Write) error { return s.write(writes) }

func (s bulkStore) LoadMany(ctx context.Context, keys [][]byte) ([]backed.Loaded, error) {
	loaded := make([]backed.Loaded, len(keys))
	for i, key := range keys {
		e, err := s.Load(ctx, key)
		if err != nil && !errors.Is(err, backed.ErrNotFound) {
			return nil, err
		}
		loaded[i] = backed.Loaded{Found: err == nil, Entry: e}
	}
	return loaded, nil
}

// eachStore runs a test with a store that writes one key a call, and with one that writes
// many.
func eachStore(t *testing.T, test func(t *testing.T, m *mapStore, s backed.Store)) {
	t.Run("single", func(t *testing.T) {
		t.Parallel()
		m := newMapStore()
		test(t, m, m)
	})
	t.Run("bulk", func(t *testing.T) {
		t.Parallel()
		m := newMapStore()
		test(t, m, bulkStore{m})
	})
}

func newCache(t testing.TB, budget uint64) *cache.Cache {
	t.Helper()
	c, err := cache.New(cache.Options{Budget: budget})
	ok(t, err)
	t.Cleanup(func() { ok(t, c.Close()) })
	return c
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// getter is a Through or a Behind.
type getter interface {
	Get(ctx context.Context, key []byte) ([]byte, error)
	AppendGet(ctx context.Context, dst, key []byte) ([]byte, error)
	GetMany(ctx context.Context, out *cache.Values, keys [][]byte) error
}

func wantValue(t testing.TB, g getter, key, value string) {
	t.Helper()
	got, err := g.Get(context.Background(), []byte(key))
	if err != nil || string(got) != value {
		t.Fatalf("Get(%q) = %q, %v, want %q", key, got, err, value)
	}
	got, err = g.AppendGet(context.Background(), []byte("dst"), []byte(key))
	if err != nil || string(got) != "dst"+value {
		t.Fatalf("AppendGet(%q) = %q, %v, want dst and %q", key, got, err, value)
	}
	var out cache.Values
	ok(t, g.GetMany(context.Background(), &out, [][]byte{[]byte(key)}))
	if got, found := out.At(0); !found || string(got) != value {
		t.Fatalf("GetMany(%q) = %q, %v, want %q", key, got, found, value)
	}
}

func wantAbsent(t testing.TB, g getter, key string) {
	t.Helper()
	got, err := g.AppendGet(context.Background(), []byte("dst"), []byte(key))
	if !errors.Is(err, backed.ErrNotFound) || string(got) != "dst" {
		t.Fatalf("AppendGet(%q) = %q, %v, want dst and ErrNotFound", key, got, err)
	}
	var out cache.Values
	ok(t, g.GetMany(context.Background(), &out, [][]byte{[]byte(key)}))
	if got, found := out.At(0); found {
		t.Fatalf("GetMany(%q) = %q, want nothing", key, got)
	}
}

// eventually waits until condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// scaled is n repetitions, less with -short.
func scaled(n int) int {
	if testing.Short() {
		n /= 10
	}
	return max(1, n)
}
