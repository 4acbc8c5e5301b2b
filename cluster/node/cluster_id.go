package node

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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
// is 0 for a cluster that was made before there were such, as is what nodes of a version before tell.
type clusterID uint64

// newClusterID is that of a cluster that is made, which all nodes that make it come to, since they are
// given the same: as etcd's, but for the incarnation of the founder, so that it is another one each time
// that a cluster is made of the same nodes.
func newClusterID(given, founder string) clusterID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", given, founder))
	return clusterID(max(leastClusterID, binary.LittleEndian.Uint64(sum[:])))
}

// givenOf is a short form of what all nodes are given that make a cluster.
func givenOf(first map[cluster.NodeID]string, shards int) string {
	given := fmt.Appendf(nil, "%d shards\n", shards)
	for _, id := range slices.Sorted(maps.Keys(first)) {
		given = fmt.Appendf(given, "%d %q\n", id, first[id])
	}
	sum := sha256.Sum256(given)
	return hex.EncodeToString(sum[:16])
}

// founderOf is the one of the nodes that make a cluster whose incarnation all must know.
func founderOf(first map[cluster.NodeID]string) cluster.NodeID {
	return slices.Min(slices.Collect(maps.Keys(first)))
}

// leastClusterID is the least; those below are those of clusters that have none, here and in the
// library.
const leastClusterID = 2

// number is how nodes name it to each other, empty if the cluster has none.
func (c clusterID) number() string {
	if c == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(c))
}

// String is for who reads an error.
func (c clusterID) String() string {
	return cmp.Or(c.number(), "one without a number, as versions before made it")
}

// MarshalText implements encoding.TextMarshaler.
func (c clusterID) MarshalText() ([]byte, error) { return []byte(c.number()), nil }

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

// check returns nil if who is of a cluster is of this one.
func (c clusterID) check(other clusterID) error {
	if c == other {
		return nil
	}
	return fmt.Errorf("%w, %v, and %v", errOtherCluster, c, other)
}

// ClusterNumber is the number of the cluster as nodes name it to each other, empty if it has none.
func (n *Node) ClusterNumber() string { return n.peers.cluster.number() }

// checkCluster returns nil if who asks is a node of this cluster.
func (n *Node) checkCluster(r *http.Request) error {
	var other clusterID
	if text := r.Header.Get(cluster.NumberHeader); text != "" {
		if err := other.UnmarshalText([]byte(text)); err != nil {
			return errors.New("the header " + cluster.NumberHeader + " has no number of a cluster")
		}
	}
	return n.peers.cluster.check(other)
}

// ForOwn serves requests of nodes of this cluster, and tells all others that they are misdirected.
func (n *Node) ForOwn(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := n.checkCluster(r); err != nil {
			// Else the refusal would wait for the end of a body that goes on until it is answered, as of a cut. Who
			// cannot do that does not wait.
			_ = http.NewResponseController(w).EnableFullDuplex()
			http.Error(w, err.Error(), http.StatusMisdirectedRequest)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
