package node

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/mantisdb/mantisdb/cluster"
)

// clusterID tells a cluster from others. A node may have the address now at which one of another
// cluster was, whose nodes ask for that again and again: neither takes anything from the other. It
// is 0 for a cluster that was made before there were such: its nodes take everybody for theirs.
type clusterID uint64

// newClusterID is that of a cluster that is made, which all nodes that make it come to, since they are
// given the same, as etcd's do. drawn has one of a single node, which nobody else knows of, be another
// one each time that it is made.
func newClusterID(first map[cluster.NodeID]string, shards int, drawn string) clusterID {
	given := fmt.Appendf(nil, "%d shards, %q\n", shards, drawn)
	for _, id := range slices.Sorted(maps.Keys(first)) {
		given = fmt.Appendf(given, "%d %q\n", id, first[id])
	}
	sum := sha256.Sum256(given)
	return clusterID(max(leastClusterID, binary.LittleEndian.Uint64(sum[:])))
}

// leastClusterID is the least; those below are those of clusters that have none, here and in the
// library.
const leastClusterID = 2

func (c clusterID) String() string { return fmt.Sprintf("%016x", uint64(c)) }

// MarshalText implements encoding.TextMarshaler.
func (c clusterID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *clusterID) UnmarshalText(text []byte) error {
	number, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil {
		return fmt.Errorf("the number of a cluster: %w", err)
	}
	*c = clusterID(number)
	return nil
}

var errOtherCluster = errors.New("the nodes are of different clusters")

// check returns nil if who is of a cluster may be of this one.
func (c clusterID) check(other clusterID) error {
	if c == 0 || other == 0 || c == other {
		return nil
	}
	return fmt.Errorf("%w, %v and %v; those that make one are given the same nodes and number of shards", errOtherCluster, c, other)
}

// clusterHeader has, in what nodes ask each other, the cluster of who asks.
const clusterHeader = "Mantisdb-Cluster"

// checkCluster returns nil if who asks may be a node of this cluster.
func (n *Node) checkCluster(r *http.Request) error {
	text := r.Header.Get(clusterHeader)
	if text == "" {
		return nil
	}
	var other clusterID
	if err := other.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	return n.peers.cluster.check(other)
}
