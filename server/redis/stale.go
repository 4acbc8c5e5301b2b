package redis

import (
	"errors"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// After READONLY, the commands of a client that only read are answered from this node's own replica
// of the shard, if that has all that was acknowledged cluster.DefaultMaxStaleness before. Else they
// are brought to the leader as others are. What is in a transaction, what watches, and what
// concerns all shards is the leaders' anyway.

// mayReadStale tells whether a command of the client, all of whose keys are in one shard, may be
// answered by a replica.
func (c *Client) mayReadStale(cmd *Command) bool {
	return c.readOnly && cmd.has(flagReadonly) && cmd.parent != c.server.peerCommand.Name
}

// replica is the part that this node's replica of a shard is, for reads that may be stale; nil if
// it has none that is fresh enough.
func (x *routing) replica(shard int) *part {
	db, _ := x.member.Replica(shard, cluster.DefaultMaxStaleness)
	if db == nil {
		return nil
	}
	if p := x.replicas[shard].Load(); p != nil && p.db == Database(db) {
		return p
	}
	// Several may open it at once: it has nothing but what it reads.
	p, err := openPart(db, nil, func(*part, *mantisdb.Keyspace) {}, nil)
	if err != nil { // as a replica that has changed; and the leader knows better what is wrong
		return nil
	}
	x.replicas[shard].Store(p)
	return p
}

// readReplica has read done upon this node's replica of a shard, and tells whether it was: else the
// leader is to be asked, for so many commands.
func (c *Client) readReplica(shard, commands int, read func(p *part) error) (done bool, err error) {
	x := c.server.routing
	// A database that the replica does not know may have been made.
	if p := x.replica(shard); p != nil && p.at(c.database) != nil {
		if err = read(p); !isGone(err) && !errors.Is(err, mantisdb.ErrKeyspaceDropped) {
			x.stale.Local(commands)
			return true, err
		}
	}
	x.stale.PassedOn(commands)
	return false, nil
}

// attemptStale is attempt upon this node's replica of a shard.
func (c *Client) attemptStale(shard int, cmd *Command, args [][]byte, mark int) (done bool, err error) {
	return c.readReplica(shard, 1, func(p *part) error {
		c.part = p
		defer func() { c.part = nil }()
		return c.attempt(cmd, args, mark)
	})
}

// walkStale is walk upon this node's replica of a leg's shard.
func (c *Client) walkStale(l *leg) (done bool, err error) {
	return c.readReplica(l.shard, len(l.items), func(p *part) error { return l.read(p.at(c.database)) })
}

// readOnly is READONLY. It does not tell that the client knows the cluster: one that does not says
// it to the node nearby, and is to be answered all that it asks there.
func readOnly(r *Request) error {
	r.client.readOnly = true
	return acknowledged(r)
}

// readWrite is READWRITE.
func readWrite(r *Request) error {
	r.client.readOnly = false
	return acknowledged(r)
}
