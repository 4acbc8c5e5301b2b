package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// How often nodes ask each other how they are, how long an answer may take, and after what time
// without one a node counts as out of reach.
const (
	askEvery    = 200 * time.Millisecond
	askWithin   = time.Second
	silentAfter = 2 * time.Second
)

// exchange asks the other nodes again and again. What they tell of shards that have a replica
// here is known without that, and sooner.
func (n *Node) exchange() {
	last := make(map[cluster.NodeID]time.Time)
	told := make(map[cluster.NodeID]bool)
	_, kept := n.list.get()
	every := time.NewTicker(askEvery)
	defer every.Stop()
	for {
		answers, strangers := n.askAll()
		n.tellStrangers(strangers, told)
		for id, s := range answers {
			last[id] = time.Now()
			delete(told, id)
			n.list.adopt(s.Nodes, s.Version)
			n.learn(s.Protocol)
			n.hear(id, s)
		}
		for id, at := range last {
			if time.Since(at) > silentAfter {
				n.hear(id, nil)
				delete(last, id)
			}
		}
		n.refresh()
		kept = n.keepList(kept)
		select {
		case <-every.C:
		case <-n.stop.Done():
			return
		}
	}
}

// keepList writes the list down if it has another version than the one that was kept, and returns
// that which is kept then.
func (n *Node) keepList(kept uint64) uint64 {
	nodes, version := n.list.get()
	if version == kept {
		return kept
	}
	if err := writeFile(n.path(nodesFile), toldList{filesFormat, version, nodes}); err != nil {
		n.logger.Warn("the list of nodes cannot be written down yet", "error", err.Error())
		return kept
	}
	return version
}

// hear keeps what a node told last; nil: it is silent.
func (n *Node) hear(id cluster.NodeID, told *Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if told == nil {
		delete(n.heard, id)
		return
	}
	n.heard[id] = told
}

// askAll asks all others at once. strangers are what others answered at their addresses, of another
// cluster or of another number.
func (n *Node) askAll() (all map[cluster.NodeID]*Status, strangers map[cluster.NodeID]error) {
	ctx, cancel := context.WithTimeout(n.stop, askWithin)
	defer cancel()
	var (
		mu     sync.Mutex
		asking sync.WaitGroup
	)
	all, strangers = make(map[cluster.NodeID]*Status), make(map[cluster.NodeID]error)
	for id, peer := range n.others() {
		asking.Go(func() {
			s, err := n.peers.statusOf(ctx, id, peer)
			if err == nil {
				n.probes.look(n.stop, s.Node)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				all[id] = s
			case errors.Is(err, errRefused) || errors.Is(err, errOtherCluster):
				strangers[id] = err
			}
		})
	}
	asking.Wait()
	return all, strangers
}

// tellStrangers has the log tell of those of which it was not told since the node answered last: a stranger
// that is slow at times is the same one.
func (n *Node) tellStrangers(strangers map[cluster.NodeID]error, told map[cluster.NodeID]bool) {
	for id, err := range strangers {
		if !told[id] {
			told[id] = true
			n.logger.Warn("what answers at the address of a node is not that node", "node", id, "address", n.list.peer(id), "error", err.Error())
		}
	}
}

// metaPeer is the peer address of the node that keeps the list, empty if none is known to.
func (n *Node) metaPeer() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, told := range n.heard {
		if told.Meta != nil && told.Meta.Leads {
			return told.Node.Peer
		}
	}
	return ""
}
