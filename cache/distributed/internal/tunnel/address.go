package tunnel

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/hashicorp/memberlist"
)

// Inner is the address on loopback at which Olric listens on the node at an address, and so what
// Olric calls it: 127.x.y.z, of a hash, with the same port. No two nodes of a machine have the
// same port; of nodes on different machines that do, two in sixteen million have the same one.
func Inner(address netip.AddrPort) netip.AddrPort {
	hash := sha256.Sum256([]byte(address.String()))
	// Not 127.0, where others listen, nor 127.255, where the broadcast address is.
	ip := netip.AddrFrom4([4]byte{127, 1 + hash[0]%254, hash[1], hash[2]})
	return netip.AddrPortFrom(ip, address.Port())
}

var errMisnamed = errors.New("a node has not the name of its address, or that of another node")

// names are the addresses of nodes by what Olric calls them. Those of nodes that are gone stay:
// they are few.
type names struct {
	mu        sync.Mutex
	addresses map[string]string
}

// NotifyAlive implements memberlist.AliveDelegate: it learns where a node is, the port before that
// at which it gossips. A node whose name is another's is not let in.
func (n *names) NotifyAlive(node *memberlist.Node) error {
	ip, ok := netip.AddrFromSlice(node.Addr)
	if !ok || node.Port < 2 {
		return fmt.Errorf("%w: %s at %s", errMisnamed, node.Name, node.Address())
	}
	address := netip.AddrPortFrom(ip.Unmap(), node.Port-1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if known, ok := n.addresses[node.Name]; node.Name != Inner(address).String() || ok && known != address.String() {
		return fmt.Errorf("%w: %s at %s", errMisnamed, node.Name, address)
	}
	n.addresses[node.Name] = address.String()
	return nil
}

// AddressOf is the address of the node that Olric calls by a name; empty if there is none.
func (n *names) AddressOf(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.addresses[name]
}
