// Package replica is one replica of a shard: a storage engine whose writes come from a log
// that the replicas of the shard agree upon, and, while this replica leads, a storage.Engine
// that all others write through.
//
// The agreement itself is a library's (package consensus), and is seen here as a Group. What
// is decided upon, an entry, is a batch of writes that all replicas apply alike: the leader
// evaluates what depends on what there is.
package replica
