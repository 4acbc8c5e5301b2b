package replica_test

import (
	"context"
	"slices"
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
	log   []replica.Logged         // what was applied
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
	g.log = append(g.log, replica.Logged{Index: g.index, Entry: slices.Clone(entry)})
	result := make([]uint64, 1)
	err := g.replica.Apply([]uint64{g.index}, [][]byte{entry}, result)
	return result[0], err
}

// Entries implements replica.Group, by two at a time.
func (g *solo) Entries(_ context.Context, from, before uint64) (entries []replica.Logged, next uint64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.log) == 0 || from < g.log[0].Index {
		return nil, 0, replica.ErrCompacted
	}
	for _, logged := range g.log {
		if logged.Index >= from && logged.Index < before && len(entries) < 2 {
			entries = append(entries, logged)
		}
	}
	return entries, from + uint64(len(entries)), nil
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
