package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/placement"
)

// pace is how often a node looks whether something is to be done.
type pace struct {
	// keepEvery is how often it looks after the cluster, and settledAfter for how long it must
	// have led the meta group before: until then it may not have heard of all replicas.
	keepEvery, settledAfter time.Duration
	// mendEvery is how often it looks after its own replicas, and leftAfter for how long nobody
	// must have claimed one without a vote that is removed then.
	mendEvery, leftAfter time.Duration
}

var usual = pace{keepEvery: time.Second, settledAfter: 3 * time.Second, mendEvery: 5 * time.Second, leftAfter: time.Minute}

// keepUp registers the node, and, at the node that leads the meta group, has replicas and leaders
// be where they should.
func (n *Node) keepUp() {
	var ledSince, registered, refused time.Time
	every := time.NewTicker(n.config.pace.keepEvery)
	defer every.Stop()
	for {
		ctx, cancel := context.WithTimeout(n.stop, moveWithin)
		if time.Since(registered) > registerAgain {
			switch err := n.announce(ctx); {
			case err == nil:
				registered = time.Now()
			case errors.Is(err, errRefused) && time.Since(refused) > time.Minute:
				refused = time.Now()
				n.logger.Warn("the cluster does not take this node", "error", err.Error())
			default:
				n.logger.Debug("the node cannot be registered yet", "error", err.Error())
			}
		}
		if n.meta.Load() == nil {
			ledSince = time.Now()
		} else if time.Since(ledSince) > n.config.pace.settledAfter {
			n.raiseProtocol()
			n.arrange(ctx)
		}
		cancel()
		select {
		case <-every.C:
		case <-n.stop.Done():
			return
		}
	}
}

// arrange does one step towards where replicas and leaders should be. The list of nodes comes
// first: without it nothing can be mended. A step that cannot be done holds no other up.
func (n *Node) arrange(ctx context.Context) {
	c := n.placed()
	if n.arrangeMeta(ctx, c.Nodes) {
		return
	}
	tried := make(map[placement.Move]bool)
	for {
		// Planned anew each time: the one before may have failed after minutes, in which a node fell silent, or died.
		moves := placement.Plan(n.placed(), placement.Limits{})
		next := slices.IndexFunc(moves, func(m placement.Move) bool { return !tried[m] })
		if next < 0 {
			break
		}
		m := moves[next]
		tried[m] = true
		n.logger.Info("moves a replica", "shard", m.Shard, "from", m.From, "to", m.To)
		err := n.Move(ctx, m.Shard, cluster.NodeID(m.From), cluster.NodeID(m.To))
		if err == nil || ctx.Err() != nil {
			return
		}
		n.logger.Warn("a replica could not be moved", "shard", m.Shard, "from", m.From, "to", m.To, "error", err.Error())
	}
	if len(tried) > 0 {
		return
	}
	for _, t := range placement.Transfers(c, 1) {
		n.logger.Info("moves a lead", "shard", t.Shard, "from", t.From, "to", t.To)
		if err := n.Lead(ctx, t.Shard, cluster.NodeID(t.To)); err != nil {
			n.logger.Warn("a lead could not be moved", "shard", t.Shard, "to", t.To, "error", err.Error())
		}
	}
}

// arrangeMeta moves a replica of the meta group, which this node leads, if one has to be, and tells
// whether it did: one that cannot be moved holds nothing else up. The group is placed as a shard that
// is the only one.
func (n *Node) arrangeMeta(ctx context.Context, nodes []placement.Node) bool {
	at := n.Topology().Meta
	n.mu.Lock()
	g := n.groups[metaGroup]
	n.mu.Unlock()
	if g == nil || at.Leader != n.config.Self.ID {
		return false
	}
	c := placement.Cluster{Nodes: nodes, Shards: []placement.Shard{placedAt(at)}, Replicas: Replicas}
	moves := placement.Plan(c, placement.Limits{Total: 1})
	if len(moves) == 0 {
		return false
	}
	m := move{From: cluster.NodeID(moves[0].From), To: cluster.NodeID(moves[0].To)}
	n.logger.Info("moves a replica of the list of nodes", "from", m.From, "to", m.To)
	if err := n.move(ctx, g, m); err != nil {
		n.logger.Warn("a replica of the list of nodes could not be moved", "from", m.From, "to", m.To, "error", err.Error())
		return false
	}
	return true
}

// placedAt is where a shard is.
func placedAt(s cluster.Shard) placement.Shard {
	placed := placement.Shard{Leader: placement.NodeID(s.Leader)}
	for _, id := range s.Replicas {
		placed.Replicas = append(placed.Replicas, placement.NodeID(id))
	}
	return placed
}

// placed is where everything is, as far as it is known. Nodes out of reach count as dead only when somebody
// says so; of what they alone know, nothing is planned.
func (n *Node) placed() placement.Cluster {
	t := n.Topology()
	c := placement.Cluster{Replicas: Replicas}
	for _, node := range t.Nodes {
		c.Nodes = append(c.Nodes, placement.Node{
			ID: placement.NodeID(node.ID), Zone: node.Zone, State: stateOf(node.State),
			Away: node.State != cluster.NodeDead && (!node.Reachable || n.isLeaving(node.ID)),
		})
	}
	for _, s := range t.Shards {
		shard := placedAt(s)
		shard.Stuck = len(s.Replicas) == 0 || s.Leader == 0
		c.Shards = append(c.Shards, shard)
	}
	return c
}

func stateOf(s cluster.NodeState) placement.State {
	switch s {
	case cluster.NodeDraining:
		return placement.Draining
	case cluster.NodeDead:
		return placement.Dead
	}
	return placement.Up
}

// Move moves a replica of a shard from one node to another, and returns when that is done.
func (n *Node) Move(ctx context.Context, shard int, from, to cluster.NodeID) error {
	m := move{From: from, To: to}
	if from != 0 && n.Topology().Node(from) == nil {
		return fmt.Errorf("%w: %d", cluster.ErrNoNode, from)
	}
	if to != 0 {
		if m.Node = n.Topology().Node(to); m.Node == nil {
			return fmt.Errorf("%w: %d", cluster.ErrNoNode, to)
		}
	}
	return n.atLeader(ctx, shard, "move", m, func(g *group, m move) error { return n.move(ctx, g, m) })
}

// Lead has a shard be led by a node that has a replica of it.
func (n *Node) Lead(ctx context.Context, shard int, to cluster.NodeID) error {
	return n.atLeader(ctx, shard, "lead", move{To: to}, func(g *group, m move) error { return n.lead(ctx, g, m.To) })
}

// atLeader has the node that leads a shard do something.
func (n *Node) atLeader(ctx context.Context, shard int, what string, m move, here func(*group, move) error) error {
	if shard < 0 || shard >= n.config.Shards {
		return fmt.Errorf("%w: %d", cluster.ErrNoShard, shard)
	}
	route, err := n.Next(ctx, shard, nil)
	if err != nil {
		return err
	}
	if route.Leader != n.config.Self.ID {
		return n.peers.ask(ctx, http.MethodPost, route.Peer, groupPath(groupOf(shard), what), m, nil)
	}
	n.mu.Lock()
	g := n.groups[groupOf(shard)]
	n.mu.Unlock()
	if g == nil {
		return cluster.ErrNotLeader
	}
	return here(g, m)
}
