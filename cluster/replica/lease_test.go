package replica

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// agreement is the group of several replicas, which apply every entry at once.
type agreement struct {
	mu       sync.Mutex
	index    uint64
	log      []Logged
	replicas []*Replica
}

// member is the agreement as one replica sees it.
type member struct {
	*agreement
	replica *Replica
	away    atomic.Bool  // it reaches nobody
	mute    atomic.Bool  // its questions for the read index are not answered
	asked   atomic.Int64 // questions for the read index
}

var errAway = errors.New("nobody answers")

// Propose implements Group.
func (m *member) Propose(_ context.Context, entry []byte) (result uint64, err error) {
	if m.away.Load() {
		return 0, ErrDropped
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.index++
	m.log = append(m.log, Logged{m.index, slices.Clone(entry)})
	for _, r := range m.replicas {
		results := make([]uint64, 1)
		if err := r.Apply([]uint64{m.index}, [][]byte{entry}, results); err != nil {
			return 0, err
		}
		if r == m.replica {
			result = results[0]
		}
	}
	return result, nil
}

// Entries implements Group, by two at a time.
func (m *member) Entries(_ context.Context, from, before uint64) (entries []Logged, next uint64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if from < m.log[0].Index {
		return nil, 0, ErrCompacted
	}
	first := from - m.log[0].Index
	entries = m.log[first:min(first+2, before-m.log[0].Index)]
	return entries, from + uint64(len(entries)), nil
}

// ReadIndex implements Group.
func (m *member) ReadIndex(ctx context.Context) error {
	m.asked.Add(1)
	if m.mute.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if m.away.Load() {
		return errAway
	}
	return nil
}

// Alone implements Group.
func (m *member) Alone(context.Context) (func() bool, error) { return nil, nil }

// isolate has a member reach nobody, and hear of nothing.
func (m *member) isolate() {
	m.away.Store(true)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, r := range m.replicas {
		if r == m.replica {
			m.replicas = append(m.replicas[:i:i], m.replicas[i+1:]...)
			return
		}
	}
}

// members are the members of a new group.
func members(t *testing.T, count int) []*member {
	t.Helper()
	a := new(agreement)
	all := make([]*member, count)
	for i := range all {
		r := New(Config{Dir: t.TempDir(), Engine: storage.DefaultEngine})
		if _, err := r.Open(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		a.replicas = append(a.replicas, r)
		all[i] = &member{agreement: a, replica: r}
	}
	return all
}

// lead has a member lead, as the node with a number.
func (m *member) lead(t *testing.T, self uint64) *Leader {
	t.Helper()
	l, err := m.replica.Lead(t.Context(), m, self)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func write(t *testing.T, l *Leader, value string) {
	t.Helper()
	if _, err := l.Put([]byte("key"), []byte(value), storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func wantValue(t *testing.T, l *Leader, want string) {
	t.Helper()
	if got, err := l.AppendGet(nil, []byte("key")); err != nil || string(got) != want {
		t.Errorf("it reads %q, %v; want %q", got, err, want)
	}
}

// all the ways in which a leader reads.
var readings = map[string]func(*Leader) error{
	"AppendGet": func(l *Leader) error { _, err := l.AppendGet(nil, []byte("key")); return err },
	"AppendGetMeta": func(l *Leader) error {
		_, _, err := l.AppendGetMeta(nil, []byte("key"))
		return err
	},
	"Has":      func(l *Leader) error { _, err := l.Has([]byte("key")); return err },
	"MultiGet": func(l *Leader) error { return l.MultiGet([][]byte{[]byte("key")}, new(storage.Values)) },
	"Scan": func(l *Leader) error {
		c, err := l.Scan(storage.Range{})
		if err == nil {
			err = c.Close()
		}
		return err
	},
	"Snapshot": func(l *Leader) error {
		s, err := l.Snapshot()
		if err == nil {
			err = s.Close()
		}
		return err
	},
	"PutIfAbsent": func(l *Leader) error {
		_, _, err := l.PutIfAbsent([]byte("key"), nil, storage.WriteOptions{})
		return err
	},
}

func TestALeaseSparesQuestions(t *testing.T) {
	m := members(t, 2)[0]
	l := m.lead(t, 1)
	write(t, l, "value") // which is agreed upon, so that a lease begins
	before := m.asked.Load()
	for name, read := range readings {
		if err := read(l); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked := m.asked.Load() - before; asked != 0 {
		t.Errorf("reads within a lease asked %d times", asked)
	}
	for name, read := range readings {
		l.reads.lease.end.Store(int64(now()))
		before := m.asked.Load()
		if err := read(l); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m.asked.Load() == before {
			t.Errorf("%s asked nobody after the lease", name)
		}
		if l.reads.lease.left() <= 0 {
			t.Errorf("the answer to %s began no lease", name)
		}
	}
}

// Reads that wait for the group's answer when the term ends are told so at once: another replica may
// answer them long before it is certain that nobody answers here.
func TestReadsEndWithTheirTerm(t *testing.T) {
	m := members(t, 2)[0]
	l := m.lead(t, 1)
	m.mute.Store(true)
	before := m.asked.Load()
	result := make(chan error, 1)
	go func() { result <- readings["AppendGet"](l) }()
	for m.asked.Load() == before {
		time.Sleep(time.Millisecond)
	}
	l.Resign()
	select {
	case err := <-result:
		if !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("a read at the end of its term: %v", err)
		}
	case <-time.After(readTimeout / 2):
		t.Error("a read outlives its term")
	}
}

// A read for which little is left of the lease has it renewed, and does not wait for that.
func TestALeaseIsRenewed(t *testing.T) {
	m := members(t, 2)[0]
	l := m.lead(t, 1)
	write(t, l, "value")
	l.reads.lease.end.Store(int64(now()) + int64(renewTime) - 1)
	wantValue(t, l, "value")
	for deadline := now() + instant(renewTime/2); l.reads.lease.left() < renewTime; time.Sleep(time.Millisecond) {
		if now() > deadline {
			t.Fatalf("%v are left of the lease", l.reads.lease.left())
		}
	}
}

// A process that stood still between a read and its answer may have lost its lease meanwhile, and
// somebody else may have led and written.
func TestALeaseIsLookedAtAfterTheRead(t *testing.T) {
	for name, read := range readings {
		all := members(t, 2)
		l := all[0].lead(t, 1)
		write(t, l, "value")
		all[0].isolate()
		// The engine that is read from stands still until the lease is over.
		engine, err := all[0].replica.current()
		if err != nil {
			t.Fatal(err)
		}
		var slow storage.Engine = &slowEngine{engine, l}
		all[0].replica.engine.Store(&slow)
		if err := read(l); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("%s of a leader that lost its lease while it read: %v", name, err)
		}
	}
}

// slowEngine is an engine during each read of which a leader's lease ends.
type slowEngine struct {
	storage.Engine
	leader *Leader
}

func (e *slowEngine) pass() { e.leader.reads.lease.end.Store(int64(now())) }

func (e *slowEngine) AppendGet(dst, key []byte) ([]byte, error) {
	defer e.pass()
	return e.Engine.AppendGet(dst, key)
}

func (e *slowEngine) AppendGetMeta(dst, key []byte) ([]byte, storage.Meta, error) {
	defer e.pass()
	return e.Engine.AppendGetMeta(dst, key)
}

func (e *slowEngine) Has(key []byte) (bool, error) {
	defer e.pass()
	return e.Engine.Has(key)
}

func (e *slowEngine) MultiGet(keys [][]byte, out *storage.Values) error {
	defer e.pass()
	return e.Engine.MultiGet(keys, out)
}

func (e *slowEngine) Scan(r storage.Range) (storage.Cursor, error) {
	defer e.pass()
	return e.Engine.Scan(r)
}

func (e *slowEngine) Snapshot() (storage.Snapshot, error) {
	defer e.pass()
	return e.Engine.Snapshot()
}

// Whoever leads next waits until the one before reads by its lease no more.
func TestNobodyWritesBesideALease(t *testing.T) {
	all := members(t, 3)
	first := all[0].lead(t, 1)
	write(t, first, "old")
	wantValue(t, first, "old")
	all[0].isolate()
	wantValue(t, first, "old") // nobody can have told it that it leads no more
	second := all[1].lead(t, 2)
	write(t, second, "new")
	if got, err := first.AppendGet(nil, []byte("key")); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("beside another leader, the first one reads %q, %v", got, err)
	}
}

// A term that was begun, and was not served, leaves the leases of those before it.
func TestATermThatWasNotServedEndsNoLease(t *testing.T) {
	all := members(t, 3)
	first := all[0].lead(t, 1)
	write(t, first, "old")
	all[0].isolate()
	hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := all[1].replica.Lead(hasty, all[1], 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a leader that waited too short: %v", err)
	}
	began := now()
	all[1].lead(t, 2)
	if waited := time.Duration(now() - began); waited < takeoverTime {
		t.Errorf("it waited for %v, want %v", waited, takeoverTime)
	}
}

// A process that held the term before itself waits for nobody; one that was started anew does, as
// it does not know whether it had waited.
func TestWhoFollowsItself(t *testing.T) {
	m := members(t, 2)[0]
	m.lead(t, 1)
	began := now()
	m.lead(t, 1)
	if waited := time.Duration(now() - began); waited >= takeoverTime {
		t.Errorf("it waited for itself, %v", waited)
	}
	again := New(m.replica.config)
	m.replica.Close()
	if _, err := again.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	m.replicas[0], m.replica = again, again
	began = now()
	m.lead(t, 1)
	if waited := time.Duration(now() - began); waited < takeoverTime {
		t.Errorf("after a restart it waited for %v, want %v", waited, takeoverTime)
	}
}

// What another leader has begun to write nobody reads at the one before, though it has it: others may
// not have it yet, and read what is older.
func TestNothingIsReadBesideALaterTerm(t *testing.T) {
	all := members(t, 2)
	first := all[0].lead(t, 1)
	write(t, first, "old")
	handOver(t, first)
	write(t, all[1].lead(t, 2), "new")
	for name, read := range readings {
		if err := read(first); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("%s in a term that another one has followed: %v", name, err)
		}
	}
}

// The catalog of a term that is over answers nothing by itself.
func TestTheCatalogOfATermThatIsOver(t *testing.T) {
	all := members(t, 2)
	first := all[0].lead(t, 1)
	before, err := mantisdb.OpenEngine(first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.CreateKeyspace("dropped", mantisdb.KeyspaceOptions{}); err != nil {
		t.Fatal(err)
	}
	handOver(t, first)
	after, err := mantisdb.OpenEngine(all[1].lead(t, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := after.DropKeyspace("dropped"); err != nil {
		t.Fatal(err)
	}
	if _, err := after.CreateKeyspace("created", mantisdb.KeyspaceOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]func() error{
		"Keyspace":       func() error { _, err := before.Keyspace("created"); return err },
		"Keyspaces":      func() error { _, err := before.Keyspaces(); return err },
		"CreateKeyspace": func() error { _, err := before.CreateKeyspace("dropped", mantisdb.KeyspaceOptions{}); return err },
		"DropKeyspace":   func() error { return before.DropKeyspace("created") },
	} {
		if err := answer(); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A replica that has left an entry out is taken for one that has it, by its group.
func TestNothingIsReadAfterAnEntryThatWasLeftOut(t *testing.T) {
	all := members(t, 2)
	r, l := all[0].replica, all[0].lead(t, 1)
	write(t, l, "old")
	engine, err := r.current()
	if err != nil {
		t.Fatal(err)
	}
	var full storage.Engine = fullEngine{engine}
	r.engine.Store(&full)
	r.Stop()
	entry := appendEntryHeader(nil, cluster.OldestProtocol, writeBatch, l.term)
	entry = append(entry, packedPut(t, "key", "new")...)
	if err := r.Apply([]uint64{all[0].index + 1}, [][]byte{entry}, make([]uint64, 1)); err == nil {
		t.Fatal("the entry was applied")
	}
	for name, read := range readings {
		if err := read(l); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.reads.lease.end.Store(0)
	if err := l.reads.wait(); err != nil {
		t.Fatal(err)
	}
	if left := l.reads.lease.left(); left > 0 {
		t.Errorf("an answer of the group began a lease of %v", left)
	}
	if f, err := r.Follow(); err == nil {
		if _, err := f.AppendGet(nil, []byte("key")); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("a stale read: %v", err)
		}
	}
}

// fullEngine is an engine that takes no write.
type fullEngine struct{ storage.Engine }

func (fullEngine) Write(*storage.Batch, storage.WriteOptions) (uint64, error) {
	return 0, errors.New("no room")
}

// packedPut is a batch of one value.
func packedPut(t *testing.T, key, value string) []byte {
	t.Helper()
	var b storage.Batch
	if err := b.Put([]byte(key), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
	return b.Packed()
}

func TestNoLeases(t *testing.T) {
	m := members(t, 2)[0]
	m.replica.config.NoLeases = true
	l := m.lead(t, 1)
	write(t, l, "value")
	before := m.asked.Load()
	for range 3 {
		wantValue(t, l, "value")
	}
	if asked := m.asked.Load() - before; asked != 3 {
		t.Errorf("three reads without leases asked %d times", asked)
	}
}
