package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/figures"
)

// routing brings commands to where their keys are served: to a part of this node, or to the
// peer that leads the shard.
type routing struct {
	server *Server
	member cluster.Member
	peers  peers
	ensure func(ctx context.Context, name string) error
	ctx    context.Context // ends with the server
	end    context.CancelFunc

	redirect atomic.Pointer[string]

	opening sync.Mutex // of parts
	parts   []atomic.Pointer[part]

	replicas []atomic.Pointer[part] // of this node, of each shard, as they were read last
	stale    figures.StaleReadCount
}

// noShard is in place of the shard of what concerns no key.
const noShard = -1

// Durations of the search for who leads a shard.
const (
	// routeTime is how long a command may look for a leader, all together.
	routeTime = 5 * time.Second
	// routePause is how long another route is waited for before the present one is tried
	// again: a leader may be known before it serves.
	routePause = 100 * time.Millisecond
)

// The errors of commands in a cluster.
const (
	errCrossSlot Error = "CROSSSLOT Keys in request don't hash to the same slot"
	errNoLeader  Error = "CLUSTERDOWN the shard of the key has no leader that can be reached"
	errUnknown   Error = "UNKNOWN whether the command was done is not known: the shard has lost its leader, or the connection to it broke"
)

// notLeader begins the reply of a node to a peer that takes it for the leader of a shard.
const notLeader = "NOTLEADER "

// errMoved says that something was not done, since the shard is not served there.
var errMoved = errors.New("redis: the shard is served elsewhere")

func newRouting(s *Server, c *Config) (*routing, error) {
	shards := len(c.Cluster.Topology().Shards)
	if shards == 0 {
		return nil, errors.New("redis: the cluster has no shards")
	}
	x := &routing{server: s, member: c.Cluster, ensure: c.EnsureKeyspace, parts: make([]atomic.Pointer[part], shards), replicas: make([]atomic.Pointer[part], shards)}
	x.peers.dial, x.peers.number = c.DialPeer, c.ClusterNumber
	if x.peers.dial == nil {
		x.peers.dial = dialPeer
	}
	if err := x.setRedirect(cmp.Or(c.ClusterRedirect, redirectAuto)); err != nil {
		return nil, err
	}
	x.ctx, x.end = context.WithCancel(context.Background())
	return x, nil
}

// shutdown ends the search for leaders.
func (x *routing) shutdown() {
	x.end()
	x.peers.close()
}

func (x *routing) shardOf(key []byte) int {
	return cluster.ShardOf(cluster.Slot(key), len(x.parts))
}

// shardOfAll is the shard that all keys are in, noShard if there are none.
func (x *routing) shardOfAll(keys [][]byte) (int, error) {
	shard := noShard
	for _, key := range keys {
		s := x.shardOf(key)
		if shard != noShard && s != shard {
			return noShard, errCrossSlot
		}
		shard = s
	}
	return shard, nil
}

// all are all shards, in order.
func (x *routing) all() []int {
	list := make([]int, len(x.parts))
	for shard := range list {
		list[shard] = shard
	}
	return list
}

// part is the part that a route leads to, which is on this node.
func (x *routing) part(shard int, route *cluster.Route) (*part, error) {
	if p := x.parts[shard].Load(); p != nil && p.route == route {
		return p, nil
	}
	x.opening.Lock()
	defer x.opening.Unlock()
	if p := x.parts[shard].Load(); p != nil && p.route == route {
		return p, nil
	}
	p, err := openPart(route.DB, route, x.server.expiries.follow, x.spread)
	if err != nil {
		return nil, err
	}
	x.parts[shard].Store(p)
	x.server.expiries.followPart(p)
	return p, nil
}

// spread has all shards have the keyspace of a numbered database. Those that cannot be asked are as one that
// nobody leads: nothing was done to the key that it is wanted for.
func (x *routing) spread(name string) error {
	if x.ensure == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(x.ctx, routeTime)
	defer cancel()
	if err := x.ensure(ctx, name); err != nil {
		return fmt.Errorf("%w: making the keyspace %s in all shards: %v", cluster.ErrUnavailable, name, err)
	}
	return nil
}

// forget lets the part of a shard go that is led elsewhere now.
func (x *routing) forget(shard int) {
	if p := x.parts[shard].Load(); p != nil {
		x.parts[shard].CompareAndSwap(p, nil)
	}
}

// local are the parts of all shards that this node leads.
func (x *routing) local() ([]*part, error) {
	var list []*part
	for shard := range x.parts {
		route := x.member.Route(shard)
		if route.DB == nil {
			continue
		}
		p, err := x.part(shard, route)
		if isGone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// reach does something where a shard is served. What was certainly not done there, it does
// again where the shard is served then, until the time for that is over.
func (x *routing) reach(shard int, do func(*cluster.Route) error) error {
	route := x.member.Route(shard)
	err := do(route)
	if !errors.Is(err, errMoved) {
		return err
	}
	ctx, cancel := context.WithTimeout(x.ctx, routeTime)
	defer cancel()
	for errors.Is(err, errMoved) {
		if route = x.next(ctx, shard, route); ctx.Err() != nil {
			return errNoLeader
		}
		err = do(route)
	}
	return err
}

// next is another route than one that did not serve, or the same one if there is none for a
// while.
func (x *routing) next(ctx context.Context, shard int, failed *cluster.Route) *cluster.Route {
	pause, cancel := context.WithTimeout(ctx, routePause)
	defer cancel()
	if route, err := x.member.Next(pause, shard, failed); err == nil {
		return route
	}
	<-pause.Done() // Next may have ended for another reason
	return x.member.Route(shard)
}

// isGone tells whether an error is that a database is not this node's to serve any more, and
// nothing was done.
func isGone(err error) bool {
	return errors.Is(err, cluster.ErrNotLeader) || errors.Is(err, mantisdb.ErrClosed) || errors.Is(err, cluster.ErrUnavailable)
}

// outcome is an error of a part as reach takes it: errMoved if nothing was done, or if what
// may have been done may as well be done again.
func outcome(err error, again bool) error {
	switch {
	case isGone(err), again && errors.Is(err, cluster.ErrOutcomeUnknown):
		return errors.Join(errMoved, err)
	}
	return err
}

// refusePeer is what a peer is told that takes this node for the leader of a shard.
func refusePeer(route *cluster.Route) error {
	address := route.Peer
	if address == "" {
		address = "-"
	}
	return Error(fmt.Sprintf(notLeader+"%d %s", route.Leader, address))
}
