package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus"
)

// Node is this process's membership in a cluster.
type Node struct {
	config   Config
	logger   *slog.Logger
	host     *consensus.Host
	peers    *peers
	probes   *probes
	routes   *routes
	replicas []atomic.Pointer[group] // of the shards; nil where the node has none that runs
	list     nodeList
	protocol usedProtocol
	layout   atomic.Pointer[cluster.Topology]
	hosted   hosted
	meta     atomic.Pointer[mantisdb.DB] // nil unless this node leads the meta group

	introductions *introductions

	mu       sync.Mutex // of what follows
	groups   map[uint64]*group
	failures map[uint64]string          // of the groups whose replica here does not run, or did not: why
	heard    map[cluster.NodeID]*Status // what each other node told last
	claims   map[claim]struct{}

	moving sync.Mutex    // held while a replica is started or removed here; guards hosted, too
	failed chan struct{} // has room for one: a replica has failed

	leaving atomic.Bool // this node is about to stop

	stop context.Context
	end  context.CancelFunc
	work sync.WaitGroup
}

// Open starts the node with the replicas that it has, at first with those that the cluster begins
// with. One that makes a cluster with others waits until it has met most of them, or ctx is done.
func Open(ctx context.Context, c Config) (*Node, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.pace == (pace{}) {
		c.pace = usual
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.Self.Protocol = cluster.NewestProtocol
	n := &Node{
		config: c, logger: c.Logger, peers: newPeers(c.TLS), probes: newProbes(c.Logger),
		groups: make(map[uint64]*group), failures: make(map[uint64]string), heard: make(map[cluster.NodeID]*Status),
		claims: make(map[claim]struct{}), failed: make(chan struct{}, 1),
	}
	n.stop, n.end = context.WithCancel(context.Background())
	if err := n.open(ctx); err != nil {
		n.Close()
		return nil, err
	}
	n.work.Go(n.exchange)
	n.work.Go(n.keepUp)
	n.work.Go(n.mend)
	return n, nil
}

func (n *Node) open(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(n.config.Dir, shardsDir), 0o700); err != nil {
		return err
	}
	var err error
	if n.introductions, err = openIntroductions(n.path(metFile)); err != nil {
		return err
	}
	begins, err := n.identify(ctx)
	if err != nil {
		return err
	}
	if err := n.checkMemory(); err != nil {
		return err
	}
	if begins && len(n.config.First) > 0 {
		if n.peers.cluster, err = n.found(ctx); err != nil {
			return err
		}
	}
	if err := n.askProtocol(); err != nil {
		return err
	}
	n.routes = newRoutes(n.config.Shards)
	n.replicas = make([]atomic.Pointer[group], n.config.Shards)
	n.layout.Store(&cluster.Topology{Self: n.config.Self.ID, Shards: make([]cluster.Shard, n.config.Shards)})
	if n.host, err = consensus.Open(consensus.Config{
		Dir: n.path(logsDir), Cluster: uint64(n.peers.cluster), Address: n.config.Self.Raft, TLS: n.config.TLS,
		LeaderChanged: n.leaderChanged, Logger: n.logger,
	}); begins && errors.Is(err, consensus.ErrOtherCluster) {
		// An empty directory would be that of another node, which those do not take that have met this one.
		return fmt.Errorf("%w; if it is new, and its first start was broken off and is repeated with another list of nodes, remove %s and nothing else", err, n.path(logsDir))
	} else if err != nil {
		return err
	}
	if begins && len(n.config.First) > 0 {
		if err := n.planFirst(); err != nil {
			return err
		}
	}
	if begins {
		// Last, so that a start that failed before is repeated as a whole.
		if err := n.writeIdentity(n.protocol.get()); err != nil {
			return err
		}
	}
	n.sweep()
	n.startReplicas()
	n.refresh()
	return nil
}

func (n *Node) path(name string) string { return filepath.Join(n.config.Dir, name) }

// identify reads who the node is; begins tells that it is new.
func (n *Node) identify(ctx context.Context) (begins bool, err error) {
	first, err := n.config.firstNodes()
	if err != nil {
		return false, err
	}
	n.list.adopt(first, 0)
	var told toldList
	if _, err := readFile(n.path(nodesFile), &told); err != nil {
		return false, err
	}
	n.list.adopt(told.Nodes, told.Version)
	var known identity
	found, err := readFile(n.path(identityFile), &known)
	if err != nil {
		return false, err
	}
	if found {
		if known.Node != n.config.Self.ID {
			return false, fmt.Errorf("%s is the directory of node %d, and this is node %d", n.config.Dir, known.Node, n.config.Self.ID)
		}
		if known.Protocol != 0 {
			n.protocol.raise(known.Protocol)
		}
		n.config.Shards, n.peers.cluster = known.Shards, known.Cluster
		_, err = readFile(n.path(hostedFile), &n.hosted)
		return false, err
	}
	switch {
	case len(n.config.Join) > 0:
		return true, n.askCluster(ctx)
	case len(n.config.First) == 0:
		return false, errors.New("the node is new, and was not told which cluster to make or to join")
	}
	return true, nil
}

// leaderChanged has a group look who leads. It is called by the host, and waits for nothing but
// a map.
func (n *Node) leaderChanged(number, _ uint64) {
	n.mu.Lock()
	g := n.groups[number]
	n.mu.Unlock()
	if g != nil {
		g.look()
	}
}

// publish makes it known who serves a group.
func (n *Node) publish(number uint64, db *mantisdb.DB, history uint64, leader cluster.NodeID) {
	if number == metaGroup {
		n.meta.Store(db)
		if db != nil {
			n.work.Go(func() { n.takeList(db) })
		}
		return
	}
	n.routes.set(int(number-firstShardGroup), cluster.Route{DB: db, History: history, Leader: leader, Peer: n.list.peer(leader)})
	n.refresh()
}

// Topology implements cluster.Member.
func (n *Node) Topology() *cluster.Topology { return n.layout.Load() }

// Route implements cluster.Member.
func (n *Node) Route(shard int) *cluster.Route { return n.routes.all[shard].Load() }

// Next implements cluster.Member.
func (n *Node) Next(ctx context.Context, shard int, failed *cluster.Route) (*cluster.Route, error) {
	return n.routes.next(ctx, shard, failed)
}

// Close stops the node's replicas. Other nodes go on with theirs, the sooner if Leave was called
// before.
func (n *Node) Close() {
	n.end()
	n.mu.Lock()
	groups := n.groups
	n.groups = nil
	n.mu.Unlock()
	var closing sync.WaitGroup
	for _, g := range groups {
		closing.Go(func() {
			g.replica.Stop()
			g.close()
		})
	}
	// Until the groups are closed they may find something to do.
	closing.Wait()
	n.work.Wait()
	if n.host != nil {
		n.host.Close()
	}
}
