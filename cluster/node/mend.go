package node

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/cluster/consensus"
)

// mend looks after the replicas that the node has: those that have failed are started again, and
// those that were removed while the node was away are dropped. One of them never stops the others.
func (n *Node) mend() {
	every := time.NewTicker(n.config.pace.mendEvery)
	defer every.Stop()
	for {
		select {
		case <-n.failed:
			n.stopFailed()
		case <-every.C:
			n.stopFailed()
			n.forgetFailures()
			n.dropRemoved()
			n.startReplicas()
			n.removeLeft()
		case <-n.stop.Done():
			return
		}
	}
}

// pokeMend has mend look for replicas that have failed.
func (n *Node) pokeMend() {
	select {
	case n.failed <- struct{}{}:
	default:
	}
}

// startReplicas starts the replicas that do not run.
func (n *Node) startReplicas() {
	n.moving.Lock()
	defer n.moving.Unlock()
	for _, h := range n.hosted.Replicas {
		n.mu.Lock()
		runs := n.groups[h.Group] != nil
		n.mu.Unlock()
		if runs {
			continue
		}
		if err := n.startReplica(h); err != nil && n.stop.Err() == nil {
			n.fail(h.Group, err)
		}
	}
}

// fail has it known why a replica does not run.
func (n *Node) fail(group uint64, why error) {
	n.logger.Error("a replica does not run, and is tried again", "group", group, "error", why.Error())
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures[group] = why.Error()
}

// stopFailed stops the replicas that run and cannot go on.
func (n *Node) stopFailed() {
	n.moving.Lock()
	defer n.moving.Unlock()
	n.mu.Lock()
	var failed []*group
	for _, g := range n.groups {
		if g.failure.Load() != nil {
			failed = append(failed, g)
		}
	}
	n.mu.Unlock()
	for _, g := range failed {
		n.fail(g.number, *g.failure.Load())
		n.stopReplica(g)
	}
}

// forgetFailures has those replicas be well that have run for a while.
func (n *Node) forgetFailures() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for number := range n.failures {
		if g := n.groups[number]; g != nil && g.failure.Load() == nil && time.Since(g.started) >= n.config.pace.mendEvery {
			delete(n.failures, number)
			n.logger.Info("a replica runs again", "group", number)
		}
	}
}

// dropRemoved drops the replicas that do not belong to their groups any more. Their groups tell
// them nothing: so a replica that hears of no leader, or does not run, is asked for at the node
// that leads. It was added to its group before it was here, and numbers are never given again.
func (n *Node) dropRemoved() {
	n.moving.Lock()
	hosted := slices.Clone(n.hosted.Replicas)
	n.moving.Unlock()
	for _, h := range hosted {
		if n.hearsLeader(h.Group) {
			continue
		}
		m, err := n.askMembers(h.Group)
		if err != nil || m.has(h.Number) {
			continue
		}
		n.moving.Lock()
		if now := n.hostedIn(h.Group); now != nil && now.Number == h.Number {
			n.logger.Info("a replica was removed from its group while this node did not hear of it", "group", h.Group)
			err = n.dropReplica(h)
		}
		n.moving.Unlock()
		if err != nil {
			n.logger.Warn("a replica that was removed cannot be dropped as a whole yet", "group", h.Group, "error", err.Error())
		}
	}
}

// hearsLeader tells whether a replica runs and knows who leads its group.
func (n *Node) hearsLeader(group uint64) bool {
	n.mu.Lock()
	g := n.groups[group]
	n.mu.Unlock()
	return g != nil && g.agreed.Leader() != 0
}

// members are the numbers of the replicas that belong to a group.
type members struct {
	Replicas []uint64 `json:"replicas"`
}

func (m members) has(number uint64) bool { return slices.Contains(m.Replicas, number) }

// askMembers asks the node that leads a group who belongs to it.
func (n *Node) askMembers(group uint64) (m members, err error) {
	t := n.Topology()
	leader := t.Meta.Leader
	if group != metaGroup {
		leader = t.Shards[group-firstShardGroup].Leader
	}
	peer := n.list.peer(leader)
	if peer == "" || leader == n.config.Self.ID {
		return m, errNoLeader
	}
	ctx, cancel := context.WithTimeout(n.stop, askWithin)
	defer cancel()
	return m, n.peers.ask(ctx, http.MethodGet, peer, groupPath(group, "members"), nil, &m)
}

// serveMembers tells who belongs to a group.
func (n *Node) serveMembers(r *http.Request) (any, error) {
	g, err := n.groupIn(r)
	if err != nil {
		return nil, err
	}
	m, err := g.agreed.Membership(r.Context())
	if err != nil {
		return nil, err
	}
	return membersOf(m), nil
}

func membersOf(m consensus.Membership) (all members) {
	for _, some := range []map[uint64]string{m.Voting, m.NonVoting} {
		for number := range some {
			all.Replicas = append(all.Replicas, number)
		}
	}
	return all
}

// sweep removes what is left of replicas that the node does not have any more: a drop that was
// broken off. Nothing runs yet.
func (n *Node) sweep() {
	if n.hosted.Format == 0 {
		return // the file is not there, and tells nothing
	}
	n.moving.Lock()
	defer n.moving.Unlock()
	for group, numbers := range n.host.Logs() {
		for _, number := range numbers {
			if !n.hosts(group, number>>generationShift) {
				n.sweepAway(n.removeData(group, number), group)
			}
		}
	}
	dirs, err := os.ReadDir(n.path(shardsDir))
	if err != nil {
		n.sweepAway(err, 0)
	}
	for _, dir := range dirs {
		group, generation, isReplica := parseReplicaDir(dir.Name())
		if isReplica && !n.hosts(group, generation) {
			n.sweepAway(os.RemoveAll(n.path(filepath.Join(shardsDir, dir.Name()))), group)
		}
	}
}

func (n *Node) sweepAway(err error, group uint64) {
	if err != nil {
		n.logger.Warn("what is left of a replica that was removed cannot be removed yet", "group", group, "error", err.Error())
	}
}

// hosts tells whether the node has a replica of a generation in a group. moving is held.
func (n *Node) hosts(group, generation uint64) bool {
	h := n.hostedIn(group)
	return h != nil && h.Number>>generationShift == generation
}

// parseReplicaDir reads the name of a replica's directory.
func parseReplicaDir(name string) (group, generation uint64, ok bool) {
	before, after, found := strings.Cut(name, "-")
	group, err := strconv.ParseUint(before, 10, 64)
	generation, failed := strconv.ParseUint(after, 10, 64)
	return group, generation, found && err == nil && failed == nil
}
