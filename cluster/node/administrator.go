package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus/transport"
)

var _ cluster.Administrator = (*Node)(nil)

// change is what an administrator has the list of nodes say.
type change struct {
	// Add is a node to be added, with the number 0 if it is to be given one.
	Add *cluster.Node `json:"add,omitempty"`
	// Node is one whose state is to be State.
	Node  cluster.NodeID    `json:"node,omitempty"`
	State cluster.NodeState `json:"state,omitempty"`
}

// AddNode implements cluster.Administrator.
func (n *Node) AddNode(ctx context.Context, node cluster.Node) (cluster.NodeID, error) {
	if node.Raft == "" {
		var err error
		if node.Raft, err = RaftAddress(node.Peer); err != nil {
			return 0, fmt.Errorf("%w: %w", cluster.ErrInvalidNode, err)
		}
	}
	if node.ID > maxNode {
		return 0, fmt.Errorf("%w: its number is over %d", cluster.ErrInvalidNode, uint64(maxNode))
	}
	for _, address := range []string{node.Client, node.Peer, node.Raft} {
		if !(transport.Factory{}).Validate(address) {
			return 0, fmt.Errorf("%w: the address %q is not host:port with a port between 1 and 65535", cluster.ErrInvalidNode, address)
		}
	}
	return n.changeAtMeta(ctx, change{Add: &node})
}

// Drain implements cluster.Administrator.
func (n *Node) Drain(ctx context.Context, id cluster.NodeID) error {
	if n.Topology().Node(id) == nil {
		return fmt.Errorf("%w: %d", cluster.ErrNoNode, id)
	}
	_, err := n.changeAtMeta(ctx, change{Node: id, State: cluster.NodeDraining})
	return err
}

// RemoveNode implements cluster.Administrator. The node's record stays, so that its number is not
// given again and a node that comes back is told.
func (n *Node) RemoveNode(ctx context.Context, id cluster.NodeID, dead bool) error {
	if n.Topology().Node(id) == nil {
		return fmt.Errorf("%w: %d", cluster.ErrNoNode, id)
	}
	if !dead && n.Topology().Has(id) {
		return fmt.Errorf("%w: node %d has replicas: drain it first, or say that it is dead", cluster.ErrNotNow, id)
	}
	_, err := n.changeAtMeta(ctx, change{Node: id, State: cluster.NodeDead})
	return err
}

// changeAtMeta has the node that keeps the list change it, and returns the number of the node
// that was changed.
func (n *Node) changeAtMeta(ctx context.Context, c change) (id cluster.NodeID, err error) {
	if db := n.meta.Load(); db != nil {
		return n.change(ctx, db, c)
	}
	peer := n.metaPeer()
	if peer == "" {
		return 0, cluster.ErrNoList
	}
	err = n.peers.ask(ctx, http.MethodPost, peer, nodesPath, c, &id)
	if errors.Is(err, errNotMeta) {
		err = errors.Join(cluster.ErrNoList, err)
	}
	return id, err
}

func (n *Node) serveChange(r *http.Request) (any, error) {
	db := n.meta.Load()
	if db == nil {
		return nil, errNotMeta
	}
	var c change
	if err := read(r, &c); err != nil {
		return nil, err
	}
	return n.change(r.Context(), db, c)
}

func (n *Node) change(ctx context.Context, db *mantisdb.DB, c change) (id cluster.NodeID, err error) {
	if c.State == cluster.NodeDead {
		if err := n.mayBeRemoved(ctx, c.Node); err != nil {
			return 0, err
		}
	}
	err = n.changeList(db, func(nodes []cluster.Node) ([]cluster.Node, error) {
		if c.Add != nil {
			added, err := add(nodes, *c.Add)
			id = added.ID
			return []cluster.Node{added}, err
		}
		i := slices.IndexFunc(nodes, func(old cluster.Node) bool { return old.ID == c.Node })
		if i < 0 {
			return nil, fmt.Errorf("%w: %d", cluster.ErrNoNode, c.Node)
		}
		if nodes[i].State == cluster.NodeDead && c.State != cluster.NodeDead {
			return nil, fmt.Errorf("%w: node %d is dead, and stays so", cluster.ErrNotNow, c.Node)
		}
		id = c.Node
		changed := nodes[i]
		changed.State = c.State
		return []cluster.Node{changed}, nil
	})
	return id, err
}

// mayBeRemoved returns nil unless a node that has replicas answers: it is not dead, and who says so has
// mistaken its number, or is to drain it. Its number would be lost for good, with a copy of all that it has,
// while it goes on as before.
func (n *Node) mayBeRemoved(ctx context.Context, id cluster.NodeID) error {
	if !n.Topology().Has(id) || !n.answers(ctx, id) {
		return nil
	}
	return fmt.Errorf("%w: node %d is not dead, as it answers: drain it, end its process, or cut it off from the others, first", cluster.ErrNotNow, id)
}

// answers asks a node whether it is there. What was heard of it may be a while ago.
func (n *Node) answers(ctx context.Context, id cluster.NodeID) bool {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	_, err := n.peers.statusOf(ctx, id, n.list.peer(id))
	return err == nil
}

// add is a node as the list has it that is to be added, with a number that no other one had.
func add(nodes []cluster.Node, node cluster.Node) (cluster.Node, error) {
	greatest := cluster.NodeID(0)
	for _, old := range nodes {
		greatest = max(greatest, old.ID)
		if old.ID == node.ID {
			return node, fmt.Errorf("%w: number %d is that of a node that is there or was", cluster.ErrInvalidNode, node.ID)
		}
		if old.Peer == node.Peer && old.State != cluster.NodeDead {
			return node, fmt.Errorf("%w: its peer address is that of node %d", cluster.ErrInvalidNode, old.ID)
		}
	}
	if node.ID == 0 {
		node.ID = greatest + 1
	}
	node.State, node.Reachable = cluster.NodeUp, false
	return node, nil
}
