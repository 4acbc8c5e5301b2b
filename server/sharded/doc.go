// Package sharded is the database of a cluster on one of its nodes: it leads what concerns a
// shard to who serves that, and is a server.Store for what concerns all of them.
//
// A shard that this node leads is a database of this process. One that another node leads is
// asked over the peer port, at which each node answers the HTTP API for its shards, each under
// a path of its own.
package sharded
