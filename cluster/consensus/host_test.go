package consensus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4"

	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/internal/porttest"
	"github.com/mantisdb/mantisdb/storage"
)

// testGroup is the number of the group of the tests.
const testGroup = 7

// openHost opens a host at a free port, below those that the system gives out itself.
func openHost(t *testing.T) (*Host, string) {
	t.Helper()
	return openHostWith(t, slog.New(slog.DiscardHandler))
}

// openHostWith is openHost with a logger.
func openHostWith(t *testing.T, logger *slog.Logger) (*Host, string) {
	t.Helper()
	address := porttest.Pair(t)
	h, err := Open(Config{
		Dir: t.TempDir(), Address: address, LeaderChanged: func(uint64, uint64) {}, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h, address
}

func newReplica(dir string) *replica.Replica {
	return replica.New(replica.Config{Dir: dir, MemoryLimit: 64 << 20})
}

// add adds a replica without a vote to a group.
func add(t *testing.T, g *Group, number uint64, address string) {
	t.Helper()
	m, err := g.Membership(t.Context())
	if err == nil {
		err = g.Add(t.Context(), number, address, m.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// await waits until a condition has no error any more.
func await(t *testing.T, what string, condition func() error) {
	t.Helper()
	const within = 30 * time.Second
	for deadline := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s within %v: %v", what, within, err)
		}
	}
}

// leadAlone starts a group of one replica, which has entries that are in its log no more.
func leadAlone(t *testing.T, h *Host, address string, entries int) (*Group, *replica.Replica) {
	t.Helper()
	return leadAloneIn(t, t.TempDir(), h, address, entries)
}

// leadAloneIn is leadAlone with a directory for the replica.
func leadAloneIn(t *testing.T, dir string, h *Host, address string, entries int) (*Group, *replica.Replica) {
	t.Helper()
	r := newReplica(dir)
	g, err := h.Start(Start{Group: testGroup, Replica: 1, Members: map[uint64]string{1: address}, Failed: unexpected(t)}, r)
	if err != nil {
		t.Fatal(err)
	}
	var term *replica.Leader
	await(t, "term", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		term, err = r.Lead(ctx, g, 1)
		return err
	})
	t.Cleanup(term.Resign)
	for i := range entries {
		var b storage.Batch
		if err := b.Put(fmt.Append(nil, i), []byte("value"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := term.Write(&b, storage.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cut := dragonboat.SnapshotOption{OverrideCompactionOverhead: true, CompactionOverhead: 1}
	if _, err := h.host.SyncRequestSnapshot(ctx, testGroup, cut); err != nil {
		t.Fatal(err)
	}
	return g, r
}

// stop stops a replica and closes it, which the library does in due course: until then another one
// cannot have its directory.
func stop(t *testing.T, g *Group, r *replica.Replica) {
	t.Helper()
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	r.Close()
}

func unexpected(t *testing.T) func(error) {
	return func(why error) { t.Errorf("a replica has failed: %v", why) }
}

// TestAnotherHost: a directory tells at which address it was begun, and for which cluster.
func TestAnotherHost(t *testing.T) {
	began, address := openHost(t)
	dir := began.host.NodeHostConfig().NodeHostDir
	began.Close()
	for _, test := range []struct {
		address string
		cluster uint64
		want    error
	}{
		{"127.0.0.2" + strings.TrimPrefix(address, "127.0.0.1"), 0, ErrOtherAddress},
		{address, 7, ErrOtherCluster},
		{address, 0, nil},
	} {
		again, err := Open(Config{
			Dir: dir, Address: test.address, Cluster: test.cluster,
			LeaderChanged: func(uint64, uint64) {}, Logger: slog.New(slog.DiscardHandler),
		})
		if err == nil {
			again.Close()
		}
		if !errors.Is(err, test.want) {
			t.Errorf("opened at %s for cluster %d: %v", test.address, test.cluster, err)
		}
	}
}

// TestSnapshotThatIsNotTaken sends a snapshot to a replica that cannot take it, as one whose disk
// has no room. The process goes on, and the replica takes it when it is started again.
func TestSnapshotThatIsNotTaken(t *testing.T) {
	t.Parallel()
	first, address := openHost(t)
	second, secondAddress := openHost(t)
	g, leader := leadAlone(t, first, address, 100)

	dir := t.TempDir()
	joining := newReplica(dir)
	failed := make(chan error, 1)
	start := Start{Group: testGroup, Replica: 2, Joins: true, NonVoting: true, Failed: func(why error) { failed <- why }}
	joined, err := second.Start(start, joining)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "replica that is open", func() error {
		_, err := os.Stat(filepath.Join(dir, "data"))
		return err
	})
	// What goes aside for the snapshot cannot: there is something.
	if err := os.MkdirAll(filepath.Join(dir, "outgoing-replaced", "obstacle"), 0o700); err != nil {
		t.Fatal(err)
	}
	add(t, g, 2, secondAddress)
	select {
	case <-failed:
	case <-time.After(30 * time.Second):
		t.Fatal("the snapshot was not refused")
	}
	stop(t, joined, joining)
	start.Joins, start.Failed = false, unexpected(t)
	again := newReplica(dir)
	await(t, "replica that is started again", func() error {
		_, err := second.Start(start, again)
		return err
	})
	await(t, "replica that has all", func() error {
		if got, want := again.Applied(), leader.Applied(); got != want {
			return fmt.Errorf("%d is applied, and not %d", got, want)
		}
		return nil
	})
}

// TestSnapshotThatCannotBeKept sends a snapshot to a host that cannot write it down, as one whose
// disk has no room. The process goes on, and the replica takes it once there is.
func TestSnapshotThatCannotBeKept(t *testing.T) {
	t.Parallel()
	first, address := openHost(t)
	refused := make(chan struct{}, 1)
	second, secondAddress := openHostWith(t, slog.New(watchFor{"a snapshot from another node is refused", refused}))
	g, leader := leadAlone(t, first, address, 100)
	joining := newReplica(t.TempDir())
	start := Start{Group: testGroup, Replica: 2, Joins: true, NonVoting: true, Failed: unexpected(t)}
	if _, err := second.Start(start, joining); err != nil {
		t.Fatal(err)
	}
	// Where its snapshots are kept there is a file, and no directory.
	kept, err := filepath.Glob(filepath.Join(second.host.NodeHostConfig().NodeHostDir, "*", "*", "*", fmt.Sprintf("snapshot-%d-2", testGroup)))
	if err != nil || len(kept) != 1 {
		t.Fatalf("snapshots are kept in %v: %v", kept, err)
	}
	aside := kept[0] + "-aside"
	if err := errors.Join(os.Rename(kept[0], aside), os.WriteFile(kept[0], nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	add(t, g, 2, secondAddress)
	select {
	case <-refused:
	case <-time.After(30 * time.Second):
		t.Fatal("the snapshot was not refused")
	}
	if err := errors.Join(os.Remove(kept[0]), os.Rename(aside, kept[0])); err != nil {
		t.Fatal(err)
	}
	await(t, "replica that has all", func() error {
		if got, want := joining.Applied(), leader.Applied(); got != want {
			return fmt.Errorf("%d is applied, and not %d", got, want)
		}
		return nil
	})
}

// watchFor is a handler that tells when a message is logged.
type watchFor struct {
	message string
	logged  chan<- struct{}
}

func (w watchFor) Enabled(context.Context, slog.Level) bool { return true }
func (w watchFor) WithAttrs([]slog.Attr) slog.Handler       { return w }
func (w watchFor) WithGroup(string) slog.Handler            { return w }
func (w watchFor) Handle(_ context.Context, r slog.Record) error {
	if r.Message == w.message {
		select {
		case w.logged <- struct{}{}:
		default:
		}
	}
	return nil
}

// TestReplicaThatCannotBeOpened has a replica fail whose directory cannot be made.
func TestReplicaThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	h, address := openHost(t)
	dir := filepath.Join(t.TempDir(), "replica")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	start := Start{Group: testGroup, Replica: 1, Members: map[uint64]string{1: address}, Failed: func(why error) { failed <- why }}
	g, err := h.Start(start, newReplica(dir))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-failed:
	case <-time.After(30 * time.Second):
		t.Fatal("the replica was opened")
	}
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	start.Failed = unexpected(t)
	await(t, "replica that is started again", func() error {
		g, err = h.Start(start, newReplica(dir))
		return err
	})
	await(t, "leader", func() error {
		if g.Leader() != 1 {
			return fmt.Errorf("%d leads", g.Leader())
		}
		return nil
	})
}

// A replica that is started again while another one is being added is not alone for as long as it
// runs: who adds knows the group from before.
func TestNobodyIsAloneBesideOneThatWasAddedBefore(t *testing.T) {
	h, address := openHost(t)
	dir := t.TempDir()
	start := func() (*Group, *replica.Replica) {
		r := newReplica(dir)
		g, err := h.Start(Start{Group: testGroup, Replica: 1, Members: map[uint64]string{1: address}, Failed: unexpected(t)}, r)
		if err != nil {
			t.Fatal(err)
		}
		return g, r
	}
	lead := func(g *Group, r *replica.Replica) {
		await(t, "term", func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := r.Lead(ctx, g, 1)
			return err
		})
	}
	before, r := start()
	lead(before, r)
	m, err := before.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop(t, before, r)
	var after *Group
	await(t, "replica that starts again", func() (err error) {
		r = newReplica(dir)
		after, err = h.Start(Start{Group: testGroup, Replica: 1, Members: map[uint64]string{1: address}, Failed: unexpected(t)}, r)
		return err
	})
	lead(after, r)
	still, err := after.Alone(t.Context())
	if err != nil || still == nil || !still() {
		t.Fatalf("one replica is not alone: %v", err)
	}
	_, other := openHost(t)
	if err := before.Add(t.Context(), 2, other, m.Version); err != nil {
		t.Fatal(err)
	}
	if still() {
		t.Error("a replica to which another one was added takes itself for alone")
	}
}
