package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb"
)

// Errors of the databases that routes lead to, beside those of package mantisdb.
var (
	// ErrNotLeader says that the node does not lead the shard any more. Nothing was done,
	// and another route may lead to who does. It is a mantisdb.ErrClosed: the database of a
	// route is closed when its term ends.
	ErrNotLeader = fmt.Errorf("this node does not lead the shard of the key: %w", mantisdb.ErrClosed)
	// ErrOutcomeUnknown says that a write was under way when the leader lost its office or
	// its majority: it may have been done, may still be, or may never be.
	ErrOutcomeUnknown = errors.New("the shard has lost its leader or its majority: whether the write was done is not known")
	// ErrUnavailable says that nobody leads the shard, and that waiting for it has ended.
	ErrUnavailable = errors.New("the shard has no leader that can be reached")
	// ErrCrossShard says that what is to be done in one step concerns keys of several
	// shards. Keys with the same tag in braces are in the same one.
	ErrCrossShard = errors.New("the keys are in different shards: what is done in one step must be in one")
)

// Route says who serves a shard, as far as is known.
type Route struct {
	// DB is the shard, if this node leads it, else nil. Its reads and writes are
	// linearizable: they return once a majority agrees. It is closed when another node
	// takes over, and returns ErrNotLeader, which is a mantisdb.ErrClosed, from then on.
	DB *mantisdb.DB
	// History tells the versions of DB's changes from those of another cluster's shard: which it is by,
	// whoever leads. 0 if DB is nil.
	History uint64
	// Leader is the node that leads it, with this node's own number if DB is not nil; 0 if
	// nobody is known to.
	Leader NodeID
	// Peer is the leader's address for other nodes.
	Peer string
	// Term tells this route from earlier ones of the same shard.
	Term uint64
}

// Member is this node's membership in a cluster, as the protocols see it. All methods may be
// called from any number of goroutines at once.
type Member interface {
	// Topology is the layout as this node knows it now. It costs a load.
	Topology() *Topology
	// Route is who serves a shard now. It costs a load.
	Route(shard int) *Route
	// Next waits until the shard has a route with a leader that is another one than a
	// route that did not serve, and returns it; after a moment also that route again, whose
	// leader may have had to begin its term. It is ErrUnavailable with the context's error if
	// that ends before.
	Next(ctx context.Context, shard int, failed *Route) (*Route, error)
	// Replica is this node's replica of a shard, for reads that may be stale: what they find
	// has all that was acknowledged age before the call. It is nil if the node has none of
	// which that is known for an age within bound. It is to be asked for each read: the reads
	// return ErrNotLeader once the replica has changed, and nothing is written by it.
	Replica(shard int, bound time.Duration) (db *mantisdb.DB, age time.Duration)
}

// DefaultMaxStaleness is the bound of reads that may be stale and do not say how stale.
const DefaultMaxStaleness = 5 * time.Second
