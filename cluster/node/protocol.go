package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// protocolKey is where the meta group's database has the protocol that the cluster uses, one byte.
// Without it, that is firstProtocol.
var protocolKey = []byte("protocol")

// firstProtocol is what every cluster begins with.
const firstProtocol cluster.Protocol = 1

// usedProtocol is the protocol that the cluster uses, as far as this node knows. It only grows.
type usedProtocol struct{ newest atomic.Uint32 }

func (u *usedProtocol) get() cluster.Protocol {
	return max(firstProtocol, cluster.Protocol(u.newest.Load()))
}

// raise tells whether that is news.
func (u *usedProtocol) raise(to cluster.Protocol) bool {
	for {
		now := u.newest.Load()
		if uint32(to) <= now {
			return false
		}
		if u.newest.CompareAndSwap(now, uint32(to)) {
			return true
		}
	}
}

// learn notes the protocol that the cluster uses, on disk first: a program that is older is then
// told why it must not start.
func (n *Node) learn(used cluster.Protocol) {
	if used <= n.protocol.get() {
		return
	}
	if err := used.Check(); err != nil {
		n.logger.Error("what other nodes tell is not understood", "error", err.Error())
		return
	}
	if err := n.writeIdentity(used); err != nil {
		n.logger.Warn("the protocol of the cluster cannot be written down, and is left as it is", "error", err.Error())
		return
	}
	if n.protocol.raise(used) {
		n.logger.Info("the cluster uses a newer protocol", "protocol", used)
	}
}

func (n *Node) writeIdentity(used cluster.Protocol) error {
	return writeFile(n.path(identityFile), identity{
		Format: filesFormat, Node: n.config.Self.ID, Shards: n.config.Shards, Cluster: n.peers.cluster, Protocol: used,
	})
}

// askProtocol returns nil if this program understands what the cluster uses, as far as that is
// written down here or a node that answers tells. Else it must not start.
func (n *Node) askProtocol() error {
	ctx, cancel := context.WithTimeout(n.stop, askWithin)
	defer cancel()
	peers := slices.AppendSeq(slices.Clone(n.config.Join), maps.Values(n.others()))
	answers := make(chan cluster.Protocol, len(peers))
	for _, peer := range peers {
		go func() {
			s, err := n.peers.status(ctx, peer)
			if err != nil {
				s = new(Status) // it tells nothing
			}
			answers <- s.Protocol
		}()
	}
	used := n.protocol.get()
	for range peers {
		used = max(used, <-answers)
	}
	return used.Check()
}

// raiseProtocol has the cluster use the newest protocol that all nodes understand. This node leads
// the meta group.
func (n *Node) raiseProtocol() {
	nodes, _ := n.list.get()
	if understood(nodes) <= n.protocol.get() {
		return
	}
	db := n.meta.Load()
	if db == nil {
		return
	}
	var used cluster.Protocol
	err := db.Update(func(tx *mantisdb.Tx) error {
		nodes, _, err := readList(tx)
		if err != nil {
			return err
		}
		if used, err = readProtocol(tx); err != nil {
			return err
		}
		if newest := understood(nodes); newest > used {
			used = newest
			return tx.Put(protocolKey, []byte{byte(used)})
		}
		return nil
	})
	if err != nil {
		n.logger.Warn("the protocol of the cluster cannot be raised", "error", err.Error())
		return
	}
	n.learn(used)
}

// understood is the newest protocol that all nodes understand which may come back.
func understood(nodes []cluster.Node) cluster.Protocol {
	all := cluster.NewestProtocol
	for _, node := range nodes {
		if node.State != cluster.NodeDead {
			all = min(all, max(firstProtocol, node.Protocol))
		}
	}
	return all
}

// checkUnderstand returns nil if nodes understand what the cluster uses, as far as they have told.
func checkUnderstand(tx *mantisdb.Tx, nodes []cluster.Node) error {
	used, err := readProtocol(tx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		if node.State != cluster.NodeDead && node.Protocol != 0 && node.Protocol < used {
			return fmt.Errorf("%w: that is %d, and node %d knows none beyond %d", cluster.ErrProtocol, used, node.ID, node.Protocol)
		}
	}
	return nil
}

func readProtocol(tx *mantisdb.Tx) (cluster.Protocol, error) {
	record, err := tx.Get(protocolKey)
	switch {
	case errors.Is(err, mantisdb.ErrNotFound):
		return firstProtocol, nil
	case err != nil:
		return 0, err
	case len(record) != 1:
		return 0, fmt.Errorf("%w: the protocol of the cluster has %d bytes", mantisdb.ErrCorrupt, len(record))
	}
	return cluster.Protocol(record[0]), nil
}
