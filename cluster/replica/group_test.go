package replica_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/storage"
)

// solo is the group of one replica, which agrees with itself at once.
type solo struct {
	replica *replica.Replica

	mu    sync.Mutex
	index uint64
	fail  func(entry []byte) error // is asked before an entry is applied; nil: nobody

	joined atomic.Bool  // another replica was asked to join
	asked  atomic.Int64 // questions for the read index
}

// Propose implements replica.Group.
func (g *solo) Propose(_ context.Context, entry []byte) (uint64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		if err := g.fail(entry); err != nil {
			return 0, err
		}
	}
	g.index++
	result := make([]uint64, 1)
	err := g.replica.Apply([]uint64{g.index}, [][]byte{entry}, result)
	return result[0], err
}

// ReadIndex implements replica.Group.
func (g *solo) ReadIndex(context.Context) error {
	g.asked.Add(1)
	return nil
}

// Alone implements replica.Group.
func (g *solo) Alone(context.Context) (func() bool, error) {
	return func() bool { return !g.joined.Load() }, nil
}

// leading is a leader that closes its replica, too.
type leading struct {
	*replica.Leader
	replica *replica.Replica
}

func (l *leading) Close() error {
	err := l.Leader.Close()
	l.replica.Close()
	return err
}

// lead opens a replica in a directory, and has it lead a group of its own.
func lead(t testing.TB, dir string) (*leading, *solo) {
	t.Helper()
	r := replica.New(replica.Config{Dir: dir, Engine: storage.DefaultEngine})
	applied, err := r.Open()
	if err != nil {
		t.Fatal(err)
	}
	g := &solo{replica: r, index: applied}
	l, err := r.Lead(t.Context(), g, 1)
	if err != nil {
		t.Fatal(err)
	}
	return &leading{Leader: l, replica: r}, g
}
