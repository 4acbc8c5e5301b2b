package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus"
	"github.com/mantisdb/mantisdb/cluster/replica"
)

// startReplica starts a replica and follows who leads its group.
func (n *Node) startReplica(h hostedReplica) error {
	r := replica.New(replica.Config{
		Dir: n.replicaDir(h.Group, h.Number), Engine: n.config.Engine, MemoryLimit: n.shardMemory(), Logger: n.logger,
		Protocol: n.protocol.get, NoLeases: n.config.NoLeases,
	})
	g := &group{number: h.Group, self: n.config.Self.ID, replica: r, logger: n.logger, started: time.Now()}
	s := consensus.Start{Group: h.Group, Replica: h.Number, Members: h.Members, Joins: h.Members == nil, NonVoting: h.NonVoting}
	if n.host.Known(h.Group, h.Number) {
		s.Joins = false
	}
	s.Failed = func(why error) {
		g.failure.Store(&why)
		n.pokeMend()
	}
	var err error
	if g.agreed, err = n.host.Start(s, r); err != nil {
		return err
	}
	g.published = func(db *mantisdb.DB, history uint64, leader cluster.NodeID) {
		n.publish(h.Group, db, history, leader)
	}
	g.prepare()
	n.mu.Lock()
	closed := n.groups == nil
	if !closed {
		n.groups[h.Group] = g
	}
	n.mu.Unlock()
	if closed {
		return mantisdb.ErrClosed
	}
	if h.Group != metaGroup {
		n.replicas[h.Group-firstShardGroup].Store(g)
	}
	g.start()
	return nil
}

// replicaDir is the directory of a replica, which no other one ever has.
func (n *Node) replicaDir(group, number uint64) string {
	return n.path(filepath.Join(shardsDir, fmt.Sprintf("%d-%d", group, number>>generationShift)))
}

// shardMemory is what one replica may hold in memory: as much for each shard, and for the list of nodes; 0 is the
// engine's default.
func (n *Node) shardMemory() uint64 { return n.config.MemoryLimit / uint64(n.config.Shards+1) }

// checkMemory returns nil if that is not less than an engine takes.
func (n *Node) checkMemory() error {
	if n.config.MemoryLimit == 0 || n.shardMemory() >= mantisdb.MinMemoryLimit {
		return nil
	}
	least := uint64(n.config.Shards+1) * mantisdb.MinMemoryLimit
	return fmt.Errorf("the memory limit is %d MiB, and a node of a cluster of %d shards takes one of %d MiB at least, %d for each shard and for the list of nodes",
		n.config.MemoryLimit>>20, n.config.Shards, least>>20, uint64(mantisdb.MinMemoryLimit)>>20)
}

// serveStart starts a replica that was added to its group.
func (n *Node) serveStart(r *http.Request) (any, error) {
	var h hostedReplica
	if err := read(r, &h); err != nil {
		return nil, err
	}
	if nodeOf(h.Number) != n.config.Self.ID || h.Members != nil {
		return nil, fmt.Errorf("replica %d of group %d is not one that joins at this node", h.Number, h.Group)
	}
	n.moving.Lock()
	defer n.moving.Unlock()
	if there := n.hostedIn(h.Group); there != nil {
		switch now := there.Number; {
		case now == h.Number:
			return nil, nil // and if it does not run, it is tried again
		case now > h.Number: // the request is of before, and came late
			return nil, fmt.Errorf("the node has replica %d of group %d, which is later than %d", now, h.Group, h.Number)
		}
		if err := n.dropReplica(*there); err != nil {
			return nil, err
		}
	}
	n.hosted.Format = filesFormat
	n.hosted.Replicas = append(n.hosted.Replicas, h)
	if err := writeFile(n.path(hostedFile), n.hosted); err != nil {
		return nil, err
	}
	return nil, n.startReplica(h)
}

// hostedIn is the replica that the node has in a group, running or not; nil if there is none.
// moving is held.
func (n *Node) hostedIn(group uint64) *hostedReplica {
	i := slices.IndexFunc(n.hosted.Replicas, func(h hostedReplica) bool { return h.Group == group })
	if i < 0 {
		return nil
	}
	h := n.hosted.Replicas[i]
	return &h
}

// serveStop stops a replica that was removed from its group, and removes its data.
func (n *Node) serveStop(r *http.Request) (any, error) {
	var h hostedReplica
	if err := read(r, &h); err != nil {
		return nil, err
	}
	n.moving.Lock()
	defer n.moving.Unlock()
	there := n.hostedIn(h.Group)
	if there == nil || there.Number != h.Number {
		return nil, nil // it is gone
	}
	return nil, n.dropReplica(*there)
}

// dropReplica stops a replica that was removed from its group, and removes what it had. moving is
// held.
func (n *Node) dropReplica(h hostedReplica) error {
	n.mu.Lock()
	g := n.groups[h.Group]
	delete(n.failures, h.Group)
	n.mu.Unlock()
	if g != nil {
		n.stopReplica(g)
	}
	n.hosted.Replicas = slices.DeleteFunc(n.hosted.Replicas, func(old hostedReplica) bool {
		return old.Group == h.Group && old.Number == h.Number
	})
	if err := writeFile(n.path(hostedFile), n.hosted); err != nil {
		return err
	}
	if g != nil {
		g.replica.Close() // which the library does in due course, and its directory is about to go
	}
	return n.removeData(h.Group, h.Number)
}

// stopReplica stops a replica that runs. moving is held.
func (n *Node) stopReplica(g *group) {
	n.mu.Lock()
	delete(n.groups, g.number)
	n.mu.Unlock()
	if g.number != metaGroup {
		n.replicas[g.number-firstShardGroup].Store(nil)
	}
	g.replica.Stop()
	g.close()
	// The library stops a replica by itself when that has learned that it was removed.
	if err := g.agreed.Stop(); err != nil {
		n.logger.Debug("stopping a replica", "group", g.number, "error", err.Error())
	}
}

// removeData removes what there is of a replica that does not run, and never will again.
func (n *Node) removeData(group, number uint64) error {
	ctx, cancel := context.WithTimeout(n.stop, 10*time.Second)
	defer cancel()
	return errors.Join(n.host.Forget(ctx, group, number), os.RemoveAll(n.replicaDir(group, number)))
}
