package node

import (
	"maps"
	"slices"
	"sync"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus"
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

// isDead tells whether somebody has said that a node is dead.
func (l *nodeList) isDead(id cluster.NodeID) bool {
	nodes, _ := l.get()
	return slices.ContainsFunc(nodes, func(n cluster.Node) bool { return n.ID == id && n.State == cluster.NodeDead })
}

// refresh makes the layout anew of what is known.
func (n *Node) refresh() {
	nodes, _ := n.list.get()
	n.mu.Lock()
	defer n.mu.Unlock()
	t := &cluster.Topology{
		Self: n.config.Self.ID, Cluster: n.ClusterNumber(), Protocol: n.protocol.get(),
		Nodes: slices.Clone(nodes), Shards: make([]cluster.Shard, n.config.Shards),
	}
	for i := range t.Nodes {
		id := t.Nodes[i].ID
		t.Nodes[i].Reachable = id == n.config.Self.ID || n.heard[id] != nil && !n.probes.closed(id)
	}
	n.layOut(t)
	t.Nodes = slices.DeleteFunc(t.Nodes, func(node cluster.Node) bool {
		return node.State == cluster.NodeDead && node.ID != t.Self && !t.Has(node.ID)
	})
	n.layout.Store(t)
	for shard := range t.Shards {
		if n.groups[groupOf(shard)] == nil {
			leader := t.Shards[shard].Leader
			n.routes.set(shard, cluster.Route{Leader: leader, Peer: n.list.peer(leader)})
		}
	}
}

// layOut sets where the replicas are, by what the nodes tell that have one. mu is held.
func (n *Node) layOut(t *cluster.Topology) {
	newest := make([]uint64, len(t.Shards)+1) // of what is told of each shard, and of the meta group
	note := func(shard *cluster.Shard, newest *uint64, s *ShardStatus, from cluster.NodeID) {
		if s.Failure != "" {
			shard.Failed = append(shard.Failed, from)
			return
		}
		if s.Members >= *newest {
			*newest, shard.Replicas = s.Members, s.Voting
		}
		if s.Leads && s.Term >= shard.Term {
			shard.Leader, shard.Term = from, s.Term
		}
	}
	told := maps.Clone(n.heard)
	told[n.config.Self.ID] = new(Status)
	told[n.config.Self.ID].Shards, told[n.config.Self.ID].Meta = n.replicasLocked()
	for _, id := range slices.Sorted(maps.Keys(told)) {
		s := told[id]
		for i := range s.Shards {
			if number := s.Shards[i].Shard; number >= 0 && number < len(t.Shards) {
				note(&t.Shards[number], &newest[number], &s.Shards[i], id)
			}
		}
		if s.Meta != nil {
			note(&t.Meta, &newest[len(t.Shards)], s.Meta, id)
		}
	}
}

// replicasLocked is what this node tells of its replicas. mu is held.
func (n *Node) replicasLocked() (shards []ShardStatus, meta *ShardStatus) {
	if n.host == nil {
		return nil, nil
	}
	members := n.host.Members()
	all := make(map[uint64]ShardStatus, len(n.groups))
	for number, g := range n.groups {
		all[number] = g.status(members[number])
	}
	for number, why := range n.failures {
		all[number] = ShardStatus{Failure: why}
	}
	for number, s := range all {
		if number == metaGroup {
			s.Leads = s.Leads && n.meta.Load() != nil
			meta = &s
			continue
		}
		s.Shard = int(number - firstShardGroup)
		s.Leads = s.Leads && n.routes.all[s.Shard].Load().DB != nil
		shards = append(shards, s)
	}
	return shards, meta
}

// status is what the node tells of its replica, but for the number of the shard. Whether it leads
// takes a database beside.
func (g *group) status(m consensus.Membership) ShardStatus {
	term, holder := g.replica.Term()
	s := ShardStatus{Leads: cluster.NodeID(holder) == g.self, Term: term, Applied: g.replica.Applied(), Members: m.Version}
	for id := range m.Voting {
		s.Voting = append(s.Voting, nodeOf(id))
	}
	slices.Sort(s.Voting)
	return s
}

// Status is what this node tells others.
func (n *Node) Status() Status {
	nodes, version := n.list.get()
	n.mu.Lock()
	defer n.mu.Unlock()
	s := Status{
		Cluster: n.peers.cluster, Node: n.config.Self, Nodes: nodes, Version: version, ShardCount: n.config.Shards,
		Protocol: n.protocol.get(), Leaving: n.leaving.Load(),
	}
	s.Shards, s.Meta = n.replicasLocked()
	return s
}
