package node

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster/consensus"
	"github.com/mantisdb/mantisdb/cluster/replica"
)

// TestCloseAtOnce closes groups none of which ends before all of them are to end, and which find
// something to do for the node at their ends: that is done before the node is closed.
func TestCloseAtOnce(t *testing.T) {
	t.Parallel()
	const count = 10
	n := &Node{groups: make(map[uint64]*group)}
	n.stop, n.end = context.WithCancel(t.Context())
	var ending sync.WaitGroup
	var done atomic.Int32
	ending.Add(count)
	for number := range uint64(count) {
		g := &group{number: number, replica: replica.New(replica.Config{Dir: t.TempDir()}), logger: slog.New(slog.DiscardHandler)}
		g.prepare()
		g.done.Go(func() {
			<-g.stop.Done()
			ending.Done()
			ending.Wait()
			n.work.Go(func() {
				time.Sleep(10 * time.Millisecond)
				done.Add(1)
			})
		})
		n.groups[number] = g
	}
	closed := make(chan struct{})
	go func() {
		n.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(settled):
		t.Fatal("the groups wait for one another")
	}
	if got := done.Load(); got != count {
		t.Errorf("%d of %d have done what they had begun", got, count)
	}
}

// TestNextReplica: a replica's number is that of none which belongs or belonged to the group, and
// does not depend on how long the log is.
func TestNextReplica(t *testing.T) {
	m := consensus.Membership{
		Voting:    map[uint64]string{replicaOf(1, 0): "", replicaOf(2, 5): ""},
		NonVoting: map[uint64]string{replicaOf(3, 1): ""},
		Removed:   map[uint64]struct{}{replicaOf(1, 1): {}, replicaOf(2, 2): {}, replicaOf(maxNode, 7): {}},
		Version:   1 << 33,
	}
	for node, want := range map[uint64]uint64{
		replicaOf(1, 0): replicaOf(1, 2), replicaOf(2, 0): replicaOf(2, 6), replicaOf(3, 0): replicaOf(3, 2),
		replicaOf(4, 0): replicaOf(4, 0), replicaOf(maxNode, 0): replicaOf(maxNode, 8),
	} {
		if got := nextReplica(m, nodeOf(node)); got != want {
			t.Errorf("node %d: %x, want %x", nodeOf(node), got, want)
		}
	}
}
