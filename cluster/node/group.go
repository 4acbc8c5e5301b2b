package node

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus"
	"github.com/mantisdb/mantisdb/cluster/replica"
)

// metaGroup is the number of the group that has the list of nodes. Shard i is group
// firstShardGroup+i.
const (
	metaGroup       = 1
	firstShardGroup = 2
)

// groupOf is the group of a shard.
func groupOf(shard int) uint64 { return firstShardGroup + uint64(shard) }

// A replica's number in its group is that of its node, below a number that tells the replicas
// apart which the node has had in the group one after the other: it is never given again.
const generationShift = 32

func replicaOf(node cluster.NodeID, generation uint64) uint64 {
	return generation<<generationShift | uint64(node)
}

func nodeOf(replica uint64) cluster.NodeID {
	return cluster.NodeID(replica & (1<<generationShift - 1))
}

// group is one group that has a replica here, and what this node does in it: while its replica
// leads, it holds a term, and a database upon that.
type group struct {
	number  uint64
	self    cluster.NodeID
	replica *replica.Replica
	agreed  *consensus.Group
	logger  *slog.Logger
	// published is told of each change: the database and its history, nil if this node does not hold the
	// term, and who leads then, 0 if nobody is known to.
	published func(db *mantisdb.DB, history uint64, leader cluster.NodeID)

	started time.Time
	failure atomic.Pointer[error] // why the replica does nothing until it is started again

	left leftovers // of mend

	fresh *replica.Freshness
	stale staleReads

	leading atomic.Pointer[replica.Leader] // the term that this node holds; nil: none
	leaving atomic.Bool                    // the node is about to stop, and begins no term any more
	changed chan struct{}                  // has room for one: the leader may be another one
	stop    context.Context
	end     context.CancelFunc
	done    sync.WaitGroup
}

// How long a node that leads waits before it tries to begin a term again, and how long it may
// take to.
const (
	beginAgain  = 50 * time.Millisecond
	beginWithin = 3 * time.Second
	// lookEvery is how often a node looks who leads, though it is told: it may be told before
	// the library says so.
	lookEvery = 100 * time.Millisecond
)

// prepare makes what the group needs before others know it.
func (g *group) prepare() {
	g.changed = make(chan struct{}, 1)
	g.fresh = replica.NewFreshness(g.agreed)
	g.stop, g.end = context.WithCancel(context.Background())
}

// start has the group's leadership be followed until close.
func (g *group) start() {
	g.done.Go(g.follow)
	if g.number != metaGroup { // which nobody reads stale
		g.done.Go(func() { g.fresh.Keep(g.stop) })
	}
	g.look()
}

// look has the group ask who leads.
func (g *group) look() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// close ends what this node does in the group. The replica is the host's to stop.
func (g *group) close() {
	g.end()
	g.done.Wait()
}

// follow holds a term whenever this node's replica leads.
func (g *group) follow() {
	for g.stop.Err() == nil {
		leader := g.agreed.Leader()
		if leader == g.agreed.Replica() && !g.leaving.Load() {
			g.published(nil, 0, 0) // not who led before, who would send a request back here
			g.hold()
			continue
		}
		g.published(nil, 0, nodeOf(leader))
		select {
		case <-g.changed:
		case <-time.After(lookEvery):
		case <-g.stop.Done():
		}
	}
	g.published(nil, 0, 0)
}

// hold begins a term and holds it until it is over, or another replica leads.
func (g *group) hold() {
	ctx, cancel := context.WithTimeout(g.stop, beginWithin)
	defer cancel()
	term, err := g.replica.Lead(ctx, g.agreed, uint64(g.self))
	if err == nil {
		var db *mantisdb.DB
		if db, err = mantisdb.OpenEngine(term, g.logger); err == nil {
			g.serve(db, term)
			return
		}
	}
	if g.stop.Err() == nil && !errors.Is(err, cluster.ErrNotLeader) {
		g.logger.Debug("a term could not begin yet", "group", g.number, "error", err.Error())
	}
	select {
	case <-g.changed:
	case <-time.After(beginAgain):
	case <-g.stop.Done():
	}
}

// serve publishes the database of a term until that is over.
func (g *group) serve(db *mantisdb.DB, term *replica.Leader) {
	g.logger.Info("leads a group", "group", g.number, "term", term.Term())
	g.leading.Store(term)
	g.published(db, term.History(), g.self)
	for over := false; !over; {
		select {
		case <-term.Over():
			over = true
		case <-g.stop.Done():
			over = true
		case <-g.changed:
			over = g.agreed.Leader() != g.agreed.Replica()
		case <-time.After(lookEvery):
			over = g.agreed.Leader() != g.agreed.Replica()
		}
	}
	g.published(nil, 0, 0)
	g.leading.Store(nil)
	if err := db.Close(); err != nil {
		g.logger.Warn("closing the database of a term failed", "group", g.number, "error", err.Error())
	}
	g.logger.Info("leads a group no more", "group", g.number, "term", term.Term())
}
