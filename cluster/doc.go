// Package cluster is what the parts of a cluster have in common: the slots that keys fall
// into, the shards that slots belong to, and how the protocols find who serves a key.
//
// The database is cut into a fixed number of shards by the slots of its keys. Each shard is
// a group of replicas that agree on one log of batches; the replica that leads the group
// reads and writes for all. See docs/cluster.md.
package cluster
