// Package simulation reckons how a cluster fares that is placed by package placement: what a
// loss costs to make good, how much of the key space simultaneous failures take along, how long
// of a year shards are without a majority, and what the control of many groups takes. It runs no
// consensus: the policy is the cluster's own, all else are models, whose numbers the [Config]
// names. The same configuration gives the same figures.
//
// docs/scaling.md quotes it.
package simulation

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// mostReplicas is how many a shard can have here.
const mostReplicas = 9

// Slots is into how many parts keys are hashed; a shard has one at least.
const Slots = 16384

// A Config is a cluster and what happens to it. Sizes are bytes, bandwidths bytes a second.
type Config struct {
	Nodes    int    `json:"nodes"`
	PerZone  int    `json:"per_zone"` // nodes a zone, as in a rack; there are three zones at least
	Shards   int    `json:"shards"`
	Replicas int    `json:"replicas"`
	Seed     uint64 `json:"seed"`

	NodeData  float64 `json:"node_data"` // what a node holds on average, of all its replicas
	Bandwidth float64 `json:"bandwidth"` // what repair may take of a node, each way
	Streams   int     `json:"streams"`   // moves that one node sends at a time, and that one receives

	// Mean times between failures; 0 is never.
	DiskMTBF    time.Duration `json:"disk_mtbf"`    // of a node, until its data is gone
	RestartMTBF time.Duration `json:"restart_mtbf"` // of a node, until it is away and comes back
	ZoneMTBF    time.Duration `json:"zone_mtbf"`    // of a zone, until all of it is away and comes back
	RestartTime time.Duration `json:"restart_time"`
	ZoneTime    time.Duration `json:"zone_time"`
	DeadAfter   time.Duration `json:"dead_after"` // from a disk's failure until the node counts as dead
	Replacement time.Duration `json:"replacement"`
	Restore     time.Duration `json:"restore"` // until an operator has revived a shard without a majority
	Election    time.Duration `json:"election"`
	Years       int           `json:"years"`

	Failures []int `json:"failures"` // numbers of simultaneous failures to look at
	Trials   int   `json:"trials"`   // of each
	Scatter  int   `json:"scatter"`  // of the copysets compared with: peers of a node

	Heartbeat   time.Duration `json:"heartbeat"`
	Active      float64       `json:"active"` // the part of shards that are written, if others rest
	Latency     time.Duration `json:"latency"`
	Link        float64       `json:"link"` // what the network gives a node, for the shard map
	GroupMemory float64       `json:"group_memory"`
	GroupTasks  float64       `json:"group_tasks"` // goroutines a group
}

// Validate says which setting cannot be.
func (c Config) Validate() error {
	for _, rule := range []struct {
		holds bool
		name  string
	}{
		{c.Replicas >= 1 && c.Replicas <= mostReplicas && c.Replicas%2 == 1, fmt.Sprintf("replicas must be odd, and at most %d", mostReplicas)},
		{c.Nodes >= c.Replicas, "nodes must be as many as replicas, at least"},
		{c.Shards >= 1 && c.Shards <= Slots, fmt.Sprintf("shards must be from 1 to %d", Slots)},
		{c.PerZone >= 1, "per-zone must be at least 1"},
		{c.NodeData > 0 && c.Bandwidth > 0 && c.Link > 0, "node-data, bandwidth and link must be above 0"},
		{c.Streams >= 1, "streams must be at least 1"},
		{c.DiskMTBF >= 0 && c.RestartMTBF >= 0 && c.ZoneMTBF >= 0, "times between failures must not be below 0"},
		{c.Heartbeat > 0, "heartbeat must be above 0"},
		{c.Active >= 0 && c.Active <= 1, "active must be from 0 to 1"},
		{c.Trials >= 1 && c.Years >= 1, "trials and years must be at least 1"},
		{c.Scatter >= c.Replicas-1, "scatter must be the number of replicas less one, at least"},
	} {
		if !rule.holds {
			return fmt.Errorf("%s", rule.name)
		}
	}
	return nil
}

// zones is how many there are.
func (c Config) zones() int { return max(min(c.Nodes, c.Replicas), c.Nodes/c.PerZone) }

// shardBytes is the size of one replica.
func (c Config) shardBytes() float64 {
	return c.NodeData * float64(c.Nodes) / float64(c.Shards*c.Replicas)
}

// zoneOf names the zone of the node in a place from 0.
func (c Config) zoneOf(place int) string { return fmt.Sprint("zone", place%c.zones()) }

// cluster is a new one, with its shards assigned. The node in place i has the ID i+1.
func (c Config) cluster() placement.Cluster {
	nodes := make([]placement.Node, c.Nodes)
	for i := range nodes {
		nodes[i] = placement.Node{ID: placement.NodeID(i + 1), Zone: c.zoneOf(i)}
	}
	return placement.Cluster{
		Nodes: nodes, Shards: placement.Assign(nodes, c.Shards, c.Replicas), Replicas: c.Replicas,
	}
}
