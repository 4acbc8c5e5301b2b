package cluster

import (
	"context"
	"errors"
	"fmt"
)

// Errors of an Administrator.
var (
	// ErrNoNode says that the cluster has no node of a number, ErrNoShard that it has no
	// such shard.
	ErrNoNode  = errors.New("the cluster has no such node")
	ErrNoShard = errors.New("the cluster has no such shard")
	// ErrNotNow says that the cluster is not in the state for what it is told to do, such
	// as to remove a node that has replicas. Nothing was done; the text says what is to be
	// done first.
	ErrNotNow = errors.New("the cluster cannot do this now")
	// ErrNoList says that nobody can be reached who keeps the list of nodes, so that it cannot be
	// changed. It is an ErrUnavailable.
	ErrNoList = fmt.Errorf("%w: nobody keeps the list of nodes", ErrUnavailable)
	// ErrInvalidNode says that a node that is to be added is told wrongly.
	ErrInvalidNode = errors.New("this is no node that could be added")
)

// Administrator looks at how a cluster is laid out, and changes that. A method that changes
// something returns once a majority has agreed that it shall be so; to copy what has to be
// copied takes longer, and the topology shows how far it has come. The errors are those above,
// ErrUnavailable if the cluster has no majority, and ErrOutcomeUnknown.
type Administrator interface {
	// Topology is the layout as this node knows it now.
	Topology() *Topology
	// AddNode adds a node, whose program may be started once it is added, and returns its
	// number: that of n, or a new one if that is 0. Of n, the addresses and the zone count
	// beside.
	AddNode(ctx context.Context, n Node) (NodeID, error)
	// RemoveNode removes a node that has no replicas any more; or, if it is dead and will
	// not come back, one that has: they are made anew on other nodes.
	RemoveNode(ctx context.Context, id NodeID, dead bool) error
	// Drain has a node give its replicas to others.
	Drain(ctx context.Context, id NodeID) error
	// Move has a shard's replica on one node replaced by one on another.
	Move(ctx context.Context, shard int, from, to NodeID) error
	// Lead has a node that has a replica of a shard lead it.
	Lead(ctx context.Context, shard int, to NodeID) error
}
