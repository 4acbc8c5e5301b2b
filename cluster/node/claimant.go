package node

import (
	"fmt"
	"net"
	"net/http"

	"github.com/mantisdb/mantisdb/cluster"
)

// mayBe returns nil if who asks may be a node: if it shows a certificate, that covers the address
// that the list of nodes has for the number. Of a node that the list does not have, nobody knows.
func (n *Node) mayBe(r *http.Request, id cluster.NodeID) error {
	address := n.list.peer(id)
	if r.TLS == nil || address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if len(r.TLS.PeerCertificates) == 0 {
		return fmt.Errorf("who says to be node %d shows no certificate", id)
	}
	if err := r.TLS.PeerCertificates[0].VerifyHostname(host); err != nil {
		return fmt.Errorf("who says to be node %d has a certificate for another address: %w", id, err)
	}
	return nil
}
