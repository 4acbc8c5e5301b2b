package node

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// The meta group's database has a node's record under the prefix and its number, in ten digits,
// and the version of the list under its key.
const nodePrefix = "node/"

var versionKey = []byte("version")

func nodeKey(id cluster.NodeID) []byte { return fmt.Appendf(nil, "%s%010d", nodePrefix, id) }

// takeList reads the list from the meta group that this node leads now.
func (n *Node) takeList(db *mantisdb.DB) {
	err := n.changeList(db, func([]cluster.Node) ([]cluster.Node, error) { return nil, nil })
	if err != nil && n.stop.Err() == nil {
		n.logger.Warn("the list of nodes cannot be read", "error", err.Error())
	}
}

// changeList puts nodes into the list that change returns, which gets all there are, and has this
// node know the list as it is then. One that was never written begins with the nodes that made the cluster.
func (n *Node) changeList(db *mantisdb.DB, change func(nodes []cluster.Node) (changed []cluster.Node, err error)) error {
	var nodes []cluster.Node
	var version uint64
	err := db.Update(func(tx *mantisdb.Tx) (err error) {
		if nodes, version, err = readList(tx); err != nil {
			return err
		}
		var begun []cluster.Node
		if version == 0 {
			if begun, err = n.config.firstNodes(); err != nil {
				return err
			}
			nodes = slices.Clone(begun)
		}
		changed, err := change(nodes)
		if err != nil {
			return err
		}
		if changed = append(begun, changed...); len(changed) == 0 {
			return nil
		}
		if err := checkUnderstand(tx, changed); err != nil {
			return err
		}
		version++
		for _, node := range changed {
			record, err := json.Marshal(node)
			if err != nil {
				return err
			}
			if err := tx.Put(nodeKey(node.ID), record); err != nil {
				return err
			}
			nodes = slices.DeleteFunc(nodes, func(old cluster.Node) bool { return old.ID == node.ID })
			nodes = append(nodes, node)
		}
		return tx.Put(versionKey, binary.BigEndian.AppendUint64(nil, version))
	})
	if err != nil {
		return err
	}
	slices.SortFunc(nodes, func(a, b cluster.Node) int { return int(int64(a.ID) - int64(b.ID)) })
	n.list.adopt(nodes, version)
	n.refresh()
	return nil
}

func readList(tx *mantisdb.Tx) (nodes []cluster.Node, version uint64, err error) {
	record, err := tx.Get(versionKey)
	switch {
	case errors.Is(err, mantisdb.ErrNotFound):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	case len(record) != 8:
		return nil, 0, fmt.Errorf("%w: the version of the list of nodes has %d bytes", mantisdb.ErrCorrupt, len(record))
	}
	scan := tx.Scan(mantisdb.Prefix([]byte(nodePrefix)))
	for _, value := range scan.All() {
		var node cluster.Node
		if err := json.Unmarshal(value, &node); err != nil {
			return nil, 0, fmt.Errorf("%w: a record of the list of nodes: %w", mantisdb.ErrCorrupt, err)
		}
		nodes = append(nodes, node)
	}
	return nodes, binary.BigEndian.Uint64(record), scan.Err()
}

// register has the list say of this node what it says of itself. What others have decided upon,
// its state, stays.
func (n *Node) register(db *mantisdb.DB, self cluster.Node) error {
	return n.changeList(db, func(nodes []cluster.Node) ([]cluster.Node, error) {
		i := slices.IndexFunc(nodes, func(old cluster.Node) bool { return old.ID == self.ID })
		if i >= 0 {
			if nodes[i].State == cluster.NodeDead {
				return nil, fmt.Errorf("node %d was declared dead: a node that comes back after that needs another number and an empty directory", self.ID)
			}
			self.State = nodes[i].State
			if self == nodes[i] {
				return nil, nil
			}
		}
		return []cluster.Node{self}, nil
	})
}

// announce registers this node, wherever the list is kept.
func (n *Node) announce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	self := n.config.Self
	self.State, self.Reachable = cluster.NodeUp, false
	if db := n.meta.Load(); db != nil {
		return n.register(db, self)
	}
	ask := func(peer string) error {
		return n.peers.ask(ctx, http.MethodPut, peer, nodesPath+"/"+strconv.FormatUint(uint64(self.ID), 10), self, nil)
	}
	if peer := n.metaPeer(); peer != "" {
		return ask(peer)
	}
	err := errNotMeta
	for _, peer := range n.config.Join {
		if s, failed := n.peers.status(ctx, peer); failed == nil {
			n.list.adopt(s.Nodes, s.Version)
			if err = ask(peer); err == nil {
				return nil
			}
		}
	}
	return err
}

// registerAgain is how long a node waits before it registers again, which changes nothing if
// the list knows it as it is.
const registerAgain = 2 * time.Second
