// Package node is one node of a cluster: the replicas of shards that it has, who leads them,
// and what it knows of the other nodes. It implements cluster.Member.
package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"

	"github.com/mantisdb/mantisdb/cluster"
)

// DefaultShards is how many shards a cluster has that is not told otherwise, and Replicas how
// many copies of each there are, if there are so many nodes.
const (
	DefaultShards = 16
	Replicas      = 3
)

// Config says what a node is, and of which cluster.
type Config struct {
	// Self is the node: its number, and the addresses at which it is reached.
	Self cluster.Node
	// First are the peer addresses of the nodes that make the cluster, this one among them,
	// by number: the same on all of them. It counts when the node starts for the first time.
	First map[cluster.NodeID]string
	// Join are peer addresses of nodes of a cluster that is there, for a node that comes later.
	Join []string
	// Shards is how many shards the cluster is made with.
	Shards int
	// Dir is the node's directory.
	Dir string
	// Engine and MemoryLimit are those of all shards, the limit in bytes for all together.
	Engine      string
	MemoryLimit uint64
	// NoLeases is that of replica.Config.
	NoLeases bool
	// TLS is for connections between nodes, from either side: it demands and verifies a client's
	// certificate. nil: they are not encrypted.
	TLS *tls.Config
	// Logger receives what the node has to tell; nil discards it.
	Logger *slog.Logger

	pace pace // zero: usual
}

// maxNode is the greatest number of a node.
const maxNode = 1<<32 - 1

// Check returns nil for a configuration that a node can begin with.
func (c *Config) Check() error {
	switch {
	case c.Self.ID == 0 || c.Self.ID > maxNode:
		return fmt.Errorf("the number of a node is between 1 and %d, and not %d", uint64(maxNode), c.Self.ID)
	case c.Dir == "":
		return errors.New("a node of a cluster needs a data directory")
	case c.Shards < 1 || c.Shards > cluster.SlotCount:
		return fmt.Errorf("a cluster has between 1 and %d shards, and not %d", cluster.SlotCount, c.Shards)
	case len(c.First) > 0 && len(c.Join) > 0:
		return errors.New("a node either makes a cluster, together with others, or joins one")
	case len(c.First) > 0 && c.First[c.Self.ID] == "":
		return fmt.Errorf("node %d is none of those that make the cluster", c.Self.ID)
	}
	return nil
}

// RaftAddress is where the consensus of a node listens whose peer address is given: the next
// port.
func RaftAddress(peer string) (string, error) {
	host, port, err := net.SplitHostPort(peer)
	if err != nil {
		return "", fmt.Errorf("the address %q is not host:port: %w", peer, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65534 {
		return "", fmt.Errorf("the port of the address %q is not between 1 and 65534, as it must be, since the consensus listens at the next one", peer)
	}
	return net.JoinHostPort(host, strconv.Itoa(n+1)), nil
}

// firstNodes are the nodes that make the cluster.
func (c *Config) firstNodes() ([]cluster.Node, error) {
	var nodes []cluster.Node
	for _, id := range slices.Sorted(maps.Keys(c.First)) {
		raft, err := RaftAddress(c.First[id])
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, cluster.Node{ID: id, Peer: c.First[id], Raft: raft, State: cluster.NodeUp})
	}
	return nodes, nil
}
