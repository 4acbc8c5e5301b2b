package node

import (
	"slices"
	"sync"

	"github.com/mantisdb/mantisdb/cluster"
)

// nodeList is the list of nodes as this node knows it: by way of the meta group, or of a node
// that told of a newer one.
type nodeList struct {
	mu      sync.Mutex
	nodes   []cluster.Node // not changed once it is here
	version uint64
}

// adopt takes a list that is newer, and tells whether it was.
func (l *nodeList) adopt(nodes []cluster.Node, version uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.nodes != nil && version <= l.version {
		return false
	}
	l.nodes, l.version = nodes, version
	return true
}

func (l *nodeList) get() (nodes []cluster.Node, version uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes, l.version
}

// peer is the peer address of a node, empty if it is not known.
func (l *nodeList) peer(id cluster.NodeID) string {
	nodes, _ := l.get()
	for _, n := range nodes {
		if n.ID == id {
			return n.Peer
		}
	}
	return ""
}

// refresh makes the layout anew of what is known.
func (n *Node) refresh() {
	nodes, _ := n.list.get()
	n.mu.Lock()
	defer n.mu.Unlock()
	t := &cluster.Topology{Self: n.config.Self.ID, Protocol: n.protocol.get(), Nodes: slices.Clone(nodes), Shards: make([]cluster.Shard, n.config.Shards)}
	for i := range t.Nodes {
		id := t.Nodes[i].ID
		t.Nodes[i].Reachable = id == n.config.Self.ID || n.heard[id] != nil
	}
	newest := make([]uint64, n.config.Shards)
	note := func(s ShardStatus, from cluster.NodeID) {
		if s.Shard < 0 || s.Shard >= len(t.Shards) {
			return
		}
		shard := &t.Shards[s.Shard]
		if s.Members >= newest[s.Shard] {
			newest[s.Shard], shard.Replicas = s.Members, s.Voting
		}
		if s.Leads && s.Term >= shard.Term {
			shard.Leader, shard.Term = from, s.Term
		}
	}
	for _, s := range n.shardsLocked() {
		note(s, n.config.Self.ID)
	}
	for id, told := range n.heard {
		for _, s := range told.Shards {
			note(s, id)
		}
	}
	t.Nodes = slices.DeleteFunc(t.Nodes, func(node cluster.Node) bool {
		return node.State == cluster.NodeDead && !t.Has(node.ID)
	})
	n.layout.Store(t)
	for shard := range t.Shards {
		if n.groups[groupOf(shard)] == nil {
			leader := t.Shards[shard].Leader
			n.routes.set(shard, nil, leader, n.list.peer(leader))
		}
	}
}

// shardsLocked is what this node tells of its replicas.
func (n *Node) shardsLocked() []ShardStatus {
	if n.host == nil {
		return nil
	}
	members := n.host.Members()
	var all []ShardStatus
	for number, g := range n.groups {
		if number == metaGroup {
			continue
		}
		shard := int(number - firstShardGroup)
		term, holder := g.replica.Term()
		s := ShardStatus{
			Shard: shard, Term: term, Applied: g.replica.Applied(),
			Leads: n.routes.all[shard].Load().DB != nil && cluster.NodeID(holder) == n.config.Self.ID,
		}
		m := members[number]
		s.Members = m.Version
		for id := range m.Voting {
			s.Voting = append(s.Voting, nodeOf(id))
		}
		slices.Sort(s.Voting)
		all = append(all, s)
	}
	return all
}

// Status is what this node tells others.
func (n *Node) Status() Status {
	nodes, version := n.list.get()
	n.mu.Lock()
	defer n.mu.Unlock()
	return Status{
		Node: n.config.Self, Shards: n.shardsLocked(), Nodes: nodes, Version: version,
		ShardCount: n.config.Shards, LeadsMeta: n.meta.Load() != nil, Protocol: n.protocol.get(),
	}
}
