package simulation

import (
	"math"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// A Control is what it takes to keep a cluster together in which nothing happens. Messages are
// those that a node sends in a second, on average: heartbeats of leaders and the answers.
type Control struct {
	Groups      float64 `json:"groups"` // a node
	Plain       float64 `json:"plain"`  // messages, one for each group and follower
	Coalesced   float64 `json:"coalesced"`
	Quiescent   float64 `json:"quiescent"`
	Both        float64 `json:"both"`        // coalesced, and of active groups alone
	Connections int     `json:"connections"` // a node, to all others
	Peers       float64 `json:"peers"`       // of these, to nodes that it shares a shard with
	Liveness    float64 `json:"liveness"`    // messages to the meta group's leader from all nodes

	MapBytes    float64 `json:"map_bytes"`
	DeltaBytes  float64 `json:"delta_bytes"` // of one shard's change
	DeltaSpread float64 `json:"delta_spread"`
	MapSpread   float64 `json:"map_spread"` // seconds until all nodes have it from one sender
	TreeSpread  float64 `json:"tree_spread"`

	Memory float64 `json:"memory"` // bytes a node, of its groups
	Tasks  float64 `json:"tasks"`  // goroutines a node, of its groups
}

// What the shard map is taken to hold, in bytes, uncompressed.
const (
	slotBytes    = 2      // the shard of a slot
	replicaBytes = 8      // a node's ID
	shardBytes   = 8 + 8  // the leader's ID, the version
	memberBytes  = 8 + 56 // a node's ID; address, zone, state
	fanOut       = 16     // of a tree by which the map could spread
)

func controlOf(c Config, cluster placement.Cluster) Control {
	nodes, shards, followers := float64(c.Nodes), float64(c.Shards), float64(c.Replicas-1)
	beats := 1 / c.Heartbeat.Seconds()
	active := int(math.Ceil(c.Active * shards))
	entry := shardBytes + replicaBytes*float64(c.Replicas)
	control := Control{
		Groups:      shards * float64(c.Replicas) / nodes,
		Plain:       2 * shards * followers * beats / nodes,
		Coalesced:   2 * float64(pairs(cluster.Shards)) * beats / nodes,
		Quiescent:   2 * float64(active) * followers * beats / nodes,
		Both:        2 * float64(pairs(cluster.Shards[:active])) * beats / nodes,
		Connections: c.Nodes - 1,
		Peers:       balanceOf(cluster).Peers.Mean,
		Liveness:    nodes * beats,
		MapBytes:    slotBytes*Slots + entry*shards + memberBytes*nodes,
		DeltaBytes:  entry,
	}
	latency := c.Latency.Seconds()
	control.DeltaSpread = latency + nodes*control.DeltaBytes/c.Link
	control.MapSpread = latency + nodes*control.MapBytes/c.Link
	for reached := 1.0; reached < nodes; reached *= fanOut + 1 {
		control.TreeSpread += latency + min(fanOut, nodes)*control.MapBytes/c.Link
	}
	control.Memory, control.Tasks = control.Groups*c.GroupMemory, control.Groups*c.GroupTasks
	return control
}

// pairs counts the different leaders and followers: one coalesced heartbeat goes to each.
func pairs(shards []placement.Shard) int {
	type pair struct{ leader, follower placement.NodeID }
	seen := make(map[pair]bool)
	for _, shard := range shards {
		for _, id := range shard.Replicas {
			if id != shard.Leader {
				seen[pair{shard.Leader, id}] = true
			}
		}
	}
	return len(seen)
}
