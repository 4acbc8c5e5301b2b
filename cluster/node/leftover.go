package node

import (
	"context"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// claim is the place of a replica that one move adds, or that is removed as no move adds it.
type claim struct {
	group uint64
	node  cluster.NodeID
}

// take has a place be claimed until release is called. It fails if it is.
func (n *Node) take(c claim) (release func(), err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, taken := n.claims[c]; taken {
		return nil, fmt.Errorf("%w: a replica at node %d is being added or removed already", cluster.ErrNotNow, c.node)
	}
	n.claims[c] = struct{}{}
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.claims, c)
	}, nil
}

// leftovers are the replicas without a vote that the node has seen in a group that it leads.
type leftovers struct {
	// none is the version of a membership that has none; 0 before one was seen.
	none uint64
	// since is when each was seen first, by its number, without one who claims it.
	since map[uint64]time.Time
}

// removeLeft removes replicas without a vote from the groups that this node leads, which a move
// has left that was broken off. The planner, or who began it, has some time to go on with it.
func (n *Node) removeLeft() {
	n.mu.Lock()
	var led []*group
	for _, g := range n.groups {
		led = append(led, g)
	}
	n.mu.Unlock()
	members := n.host.Members()
	for _, g := range led {
		if g.agreed.Leader() != g.agreed.Replica() {
			g.left = leftovers{}
			continue
		}
		if g.left.none != 0 && g.left.none == members[g.number].Version {
			continue
		}
		ctx, cancel := context.WithTimeout(n.stop, askWithin)
		err := n.removeLeftIn(ctx, g)
		cancel()
		if err != nil {
			n.logger.Debug("replicas that were left cannot be removed yet", "group", g.number, "error", err.Error())
		}
	}
}

func (n *Node) removeLeftIn(ctx context.Context, g *group) error {
	m, err := g.agreed.Membership(ctx)
	if err != nil {
		return err
	}
	if len(m.NonVoting) == 0 {
		g.left = leftovers{none: m.Version}
		return nil
	}
	before := g.left.since
	g.left = leftovers{since: make(map[uint64]time.Time)}
	for number := range m.NonVoting {
		release, err := n.take(claim{g.number, nodeOf(number)})
		if err != nil {
			continue // a move adds it
		}
		since, seen := before[number]
		if !seen {
			since = time.Now()
		}
		g.left.since[number] = since
		if time.Since(since) > n.config.pace.leftAfter {
			n.logger.Info("removes a replica without a vote that a move has left", "group", g.number, "node", nodeOf(number))
			err = n.removeReplica(ctx, g, nodeOf(number))
		}
		release()
		if err != nil {
			return err
		}
	}
	return nil
}
