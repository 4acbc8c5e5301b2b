package node

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"
)

// serveStart starts a replica that was added to its group, or is about to be.
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
	n.mu.Lock()
	there := n.groups[h.Group]
	n.mu.Unlock()
	if there != nil {
		switch now := there.agreed.Replica(); {
		case now == h.Number:
			return nil, nil
		case now > h.Number: // the request is of before, and came late
			return nil, fmt.Errorf("the node has replica %d of group %d, which is later than %d", now, h.Group, h.Number)
		}
		if err := n.dropReplica(there); err != nil {
			return nil, err
		}
	}
	n.hosted.Format = filesFormat
	n.hosted.Replicas = append(slices.DeleteFunc(n.hosted.Replicas, func(old hostedReplica) bool { return old.Group == h.Group }), h)
	if err := writeFile(n.path(hostedFile), n.hosted); err != nil {
		return nil, err
	}
	return nil, n.startReplica(h)
}

// serveStop stops a replica that was removed from its group, and removes its data.
func (n *Node) serveStop(r *http.Request) (any, error) {
	g, err := n.groupIn(r)
	if err != nil {
		return nil, nil // it is gone
	}
	var h hostedReplica
	if err := read(r, &h); err != nil {
		return nil, err
	}
	n.moving.Lock()
	defer n.moving.Unlock()
	if g.agreed.Replica() != h.Number {
		return nil, nil
	}
	return nil, n.dropReplica(g)
}

// dropReplica stops a replica and removes what it had. moving is held.
func (n *Node) dropReplica(g *group) error {
	n.mu.Lock()
	delete(n.groups, g.number)
	n.mu.Unlock()
	g.replica.Stop()
	g.close()
	// The library stops a replica by itself when that has learned that it was removed.
	if err := g.agreed.Stop(); err != nil {
		n.logger.Debug("stopping a replica", "group", g.number, "error", err.Error())
	}
	n.hosted.Replicas = slices.DeleteFunc(n.hosted.Replicas, func(h hostedReplica) bool {
		return h.Group == g.number && h.Number == g.agreed.Replica()
	})
	if err := writeFile(n.path(hostedFile), n.hosted); err != nil {
		return err
	}
	g.replica.Close() // which the library does in due course, and its directory is about to go
	ctx, cancel := context.WithTimeout(n.stop, 10*time.Second)
	defer cancel()
	if err := g.agreed.Forget(ctx); err != nil {
		n.logger.Warn("the log of a replica that was removed cannot be removed yet", "group", g.number, "error", err.Error())
	}
	return os.RemoveAll(n.replicaDir(g.number, g.agreed.Replica()))
}
