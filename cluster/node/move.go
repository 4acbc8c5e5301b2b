package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus"
	"github.com/mantisdb/mantisdb/cluster/replica"
)

// move is a change of where a group has its replicas. From 0 only adds one, To 0 only removes one.
type move struct {
	From cluster.NodeID `json:"from"`
	To   cluster.NodeID `json:"to"`
	// Node is To as who asks knows it: the node that is asked may not have heard of it yet.
	Node *cluster.Node `json:"node,omitempty"`
}

// moveWithin bounds a move, most of which is the transfer of a snapshot; startWithin, what a node takes to
// start a replica; goneAfter, how long a node may be silent to which a replica moves: while one moves, no
// other one does.
const (
	moveWithin  = 10 * time.Minute
	startWithin = 30 * time.Second
	goneAfter   = 5 * time.Second
)

func groupPath(number uint64, what string) string {
	return groupsPath + "/" + strconv.FormatUint(number, 10) + "/" + what
}

// moveIn is the group that a request is about, and what is to be moved in it.
func (n *Node) moveIn(r *http.Request) (g *group, m move, err error) {
	if g, err = n.groupIn(r); err == nil {
		err = read(r, &m)
	}
	return g, m, err
}

// serveMove moves a replica of a group that has one here.
func (n *Node) serveMove(r *http.Request) (any, error) {
	g, m, err := n.moveIn(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), moveWithin)
	defer cancel()
	return nil, n.move(ctx, g, m)
}

// move moves a replica, and returns when that is done. It can be repeated after any failure: what
// was done is found.
func (n *Node) move(ctx context.Context, g *group, m move) error {
	if err := n.mayMove(ctx, g, m); err != nil {
		return err
	}
	if m.To != 0 {
		node := n.Topology().Node(m.To)
		if node == nil {
			node = m.Node
		}
		if node == nil || node.ID != m.To {
			return fmt.Errorf("%w: %d", cluster.ErrNoNode, m.To)
		}
		if n.list.isDead(m.To) {
			return fmt.Errorf("%w: node %d is dead", cluster.ErrNotNow, m.To)
		}
		if err := n.vacate(ctx, g, node); err != nil {
			return fmt.Errorf("removing the replica that node %d has the address of: %w", m.To, err)
		}
		if err := n.addReplica(ctx, g, node); err != nil {
			return fmt.Errorf("adding the replica at node %d: %w", m.To, err)
		}
	}
	if m.From == 0 {
		return nil
	}
	if err := n.removeReplica(ctx, g, m.From); err != nil {
		return fmt.Errorf("removing the replica at node %d: %w", m.From, err)
	}
	return nil
}

// mayMove returns nil unless a move is from a node that has no replica, and was not done before, or would leave
// the group with a replica less: then nothing has to be added, and nobody has begun to. A node that drains
// gives its replica all the same: where there are too few nodes, a move that broke off before that could not
// be ended otherwise.
func (n *Node) mayMove(ctx context.Context, g *group, m move) error {
	if m.From == 0 || m.To == 0 {
		return nil
	}
	if m.From == m.To {
		return fmt.Errorf("%w: a replica of node %d moves to another node", cluster.ErrNotNow, m.From)
	}
	is, err := g.agreed.Membership(ctx)
	if err != nil {
		return err
	}
	_, from := at(is.Voting, m.From)
	_, to := at(is.Voting, m.To)
	if _, begun := at(is.NonVoting, m.From); !from && !begun && !to {
		return fmt.Errorf("%w: node %d has no replica of the shard", cluster.ErrNotNow, m.From)
	}
	if from && to && len(is.Voting) <= Replicas && !n.isDraining(m.From) {
		return fmt.Errorf("%w: node %d has a replica of the shard already", cluster.ErrNotNow, m.To)
	}
	return nil
}

func (n *Node) isDraining(id cluster.NodeID) bool {
	node := n.Topology().Node(id)
	return node != nil && node.State == cluster.NodeDraining
}

// at is the number of a group's replica at a node.
func at(members map[uint64]string, node cluster.NodeID) (number uint64, found bool) {
	for id := range members {
		if nodeOf(id) == node && id >= number {
			number, found = id, true
		}
	}
	return number, found
}

// nextReplica is the number of the next replica of a group at a node, which none there has or had.
func nextReplica(m consensus.Membership, node cluster.NodeID) uint64 {
	next := replicaOf(node, 0)
	note := func(number uint64) {
		if nodeOf(number) == node && number >= next {
			next = number + 1<<generationShift
		}
	}
	for number := range m.Voting {
		note(number)
	}
	for number := range m.NonVoting {
		note(number)
	}
	for number := range m.Removed {
		note(number)
	}
	return next
}

// vacate takes a dead node's replica out of the group whose address another node has since: a group takes no
// two replicas at one address. A dead node holds nothing, so nothing is lost by removing it first.
func (n *Node) vacate(ctx context.Context, g *group, node *cluster.Node) error {
	m, err := g.agreed.Membership(ctx)
	if err != nil {
		return err
	}
	for _, some := range []map[uint64]string{m.Voting, m.NonVoting} {
		for number, address := range some {
			if before := nodeOf(number); address == node.Raft && before != node.ID && n.list.isDead(before) {
				return n.removeReplica(ctx, g, before)
			}
		}
	}
	return nil
}

// addReplica adds a replica without a vote, waits until it has what the leader had then, and gives
// it a vote.
func (n *Node) addReplica(ctx context.Context, g *group, node *cluster.Node) error {
	to := node.ID
	release, err := n.take(claim{g.number, to})
	if err != nil {
		return err
	}
	defer release()
	m, err := g.agreed.Membership(ctx)
	if err != nil {
		return err
	}
	if _, votes := at(m.Voting, to); votes {
		return nil
	}
	number, added := at(m.NonVoting, to)
	if !added {
		number = nextReplica(m, to)
		if err := g.agreed.Add(ctx, number, node.Raft, m.Version); err != nil {
			return err
		}
	}
	if err := n.askToStart(ctx, node.Peer, hostedReplica{Group: g.number, Number: number, NonVoting: true}); err != nil {
		return err
	}
	if err := n.catchUp(ctx, g, node.Peer, almost); err != nil {
		return err
	}
	if m, err = g.agreed.Membership(ctx); err != nil {
		return err
	}
	return g.agreed.Promote(ctx, number, node.Raft, m.Version)
}

// askToStart has another node start a replica.
func (n *Node) askToStart(ctx context.Context, peer string, start hostedReplica) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	return n.peers.ask(ctx, http.MethodPost, peer, groupPath(start.Group, "replica"), start, nil)
}

// almost is how many entries a replica may lack that is given a vote: it has them in a moment. Every
// catchUpEvery its node is asked how many it has.
const (
	almost       = 1000
	catchUpEvery = 20 * time.Millisecond
)

// catchUp waits until a node's replica lacks no more entries than that of what the one here has. It fails
// if the node falls silent, or the replica does not run or cannot be reached.
func (n *Node) catchUp(ctx context.Context, g *group, peer string, lack uint64) error {
	for heard := time.Now(); ; {
		s, err := n.replicaAt(ctx, g, peer)
		switch {
		case err == nil && s != nil && s.Applied > 0 && s.Applied+lack >= g.replica.Applied():
			return nil
		case err == nil:
			heard = time.Now()
		case time.Since(heard) > goneAfter:
			return fmt.Errorf("%w: for %v no replica has run at a node: %w", cluster.ErrNotNow, goneAfter, err)
		}
		select {
		case <-time.After(catchUpEvery):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// replicaAt is what a node tells of its replica in a group, nil if it has none there. It fails if the
// replica does not run.
func (n *Node) replicaAt(ctx context.Context, g *group, peer string) (*ShardStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	status, err := n.peers.status(ctx, peer)
	if err != nil {
		return nil, err
	}
	s := status.in(g.number)
	if s != nil && s.Failure != "" {
		return nil, fmt.Errorf("the replica does not run: %s", s.Failure)
	}
	if n.probes.closed(status.Node.ID) {
		return nil, fmt.Errorf("its consensus takes no connections at %s", status.Node.Raft)
	}
	return s, nil
}

// hasCaughtUp is catchUp for as long as a transfer may take, of a node's replica.
func (n *Node) hasCaughtUp(ctx context.Context, g *group, id cluster.NodeID) error {
	node := n.Topology().Node(id)
	if node == nil {
		return fmt.Errorf("%w: %d", cluster.ErrNoNode, id)
	}
	if id == n.config.Self.ID {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, transferWithin)
	defer cancel()
	if err := n.catchUp(ctx, g, node.Peer, almost); err != nil {
		return fmt.Errorf("%w: node %d cannot lead yet: %w", cluster.ErrNotNow, id, err)
	}
	return nil
}

// removeReplica takes a node's replica out of the group, which another one leads then.
func (n *Node) removeReplica(ctx context.Context, g *group, from cluster.NodeID) error {
	m, err := g.agreed.Membership(ctx)
	if err != nil {
		return err
	}
	number, found := at(m.Voting, from)
	if !found {
		if number, found = at(m.NonVoting, from); !found {
			return nil
		}
	} else if err := n.hasMajority(ctx, g, m, number); err != nil {
		return err
	}
	if g.agreed.Leader() == number {
		if err := n.handOver(ctx, g, m, number); err != nil {
			return err
		}
	}
	if from == n.config.Self.ID {
		// Who is removed is not told that it was, and would wait for it.
		peer := n.list.peer(nodeOf(g.agreed.Leader()))
		if peer == "" {
			return errors.New("nobody leads the group who could do it")
		}
		return n.peers.ask(ctx, http.MethodPost, peer, groupPath(g.number, "move"), move{From: from}, nil)
	}
	// If the membership has changed since, this fails: others are left then than those that were asked.
	if err := g.agreed.Remove(ctx, number, m.Version); err != nil {
		return err
	}
	// A node that cannot be told keeps the replica's files, and takes no part in the group.
	if node := n.Topology().Node(from); node != nil {
		gone := hostedReplica{Group: g.number, Number: number}
		if err := n.peers.ask(ctx, http.MethodDelete, node.Peer, groupPath(g.number, "replica"), gone, nil); err != nil {
			n.logger.Warn("a replica was removed, and its node cannot be told yet", "group", g.number, "node", from, "error", err.Error())
		}
	}
	return nil
}

// hasMajority returns nil if the group, which this node leads, has a majority that runs without one of its
// replicas.
func (n *Node) hasMajority(ctx context.Context, g *group, m consensus.Membership, without uint64) error {
	left, running := 0, 0
	for number := range m.Voting {
		if number == without {
			continue
		}
		left++
		if n.runs(ctx, g, nodeOf(number)) {
			running++
		}
	}
	if 2*running <= left {
		return fmt.Errorf("%w: of the %d replicas that would be left, %d can be reached", cluster.ErrNotNow, left, running)
	}
	return nil
}

// runs tells whether a node can be reached and its replica runs.
func (n *Node) runs(ctx context.Context, g *group, id cluster.NodeID) bool {
	if id == n.config.Self.ID {
		return true
	}
	s, err := n.replicaAt(ctx, g, n.list.peer(id))
	return err == nil && s != nil
}

// handOver has another replica lead a group.
func (n *Node) handOver(ctx context.Context, g *group, m consensus.Membership, leader uint64) error {
	for id := range m.Voting {
		if id == leader || !n.isReachable(nodeOf(id)) {
			continue
		}
		if n.transfer(ctx, g, id, func(now uint64) bool { return now != 0 && now != leader }) == nil {
			return nil
		}
	}
	return errors.New("no other replica takes the lead")
}

// transferWithin is how long a replica may take to lead that was asked to.
const transferWithin = 2 * time.Second

// transfer asks the group to be led by another replica, and waits until it is led as it is to be.
func (n *Node) transfer(ctx context.Context, g *group, to uint64, led func(leader uint64) bool) error {
	term := g.leading.Load()
	if term != nil {
		// The library asks a replica to lead once it has all entries, and that does not if it has not
		// applied them yet, as it might never have while more are written.
		defer n.quiet(ctx, g, term, nodeOf(to))()
	}
	err := g.agreed.Transfer(to)
	if err == nil && n.awaitLeader(ctx, g, led) {
		return nil
	}
	if term != nil {
		term.Resign() // what goes on here does so in a term that has a lease
	}
	if err == nil {
		err = fmt.Errorf("%w: node %d did not take the lead within %v", cluster.ErrNotNow, nodeOf(to), transferWithin)
	}
	return err
}

// quietWithin is how long it may take until nothing is written to a group, and another replica has
// all there is.
const quietWithin = time.Second

// quiet has nothing be written in a term until what is returned is called, and waits until another
// node's replica has all that was. If that takes too long, it is left to the library.
func (n *Node) quiet(ctx context.Context, g *group, term *replica.Leader, to cluster.NodeID) (resume func()) {
	ctx, cancel := context.WithTimeout(ctx, quietWithin)
	defer cancel()
	resume, err := term.HandOver(ctx)
	if peer := n.list.peer(to); err == nil && peer != "" {
		err = n.catchUp(ctx, g, peer, 0)
	}
	if err != nil {
		g.logger.Debug("a group is handed over that was not quiet", "group", g.number, "error", err.Error())
	}
	return resume
}

// awaitLeader waits for a leader of a kind.
func (n *Node) awaitLeader(ctx context.Context, g *group, is func(leader uint64) bool) bool {
	deadline := time.Now().Add(transferWithin)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if is(g.agreed.Leader()) {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

func (n *Node) isReachable(id cluster.NodeID) bool {
	node := n.Topology().Node(id)
	return node != nil && node.Reachable
}

// isLeaving tells whether another node has told that it is about to stop.
func (n *Node) isLeaving(id cluster.NodeID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.heard[id]
	return s != nil && s.Leaving
}

// serveLead has a group be led by a node's replica.
func (n *Node) serveLead(r *http.Request) (any, error) {
	g, m, err := n.moveIn(r)
	if err != nil {
		return nil, err
	}
	return nil, n.lead(r.Context(), g, m.To)
}

func (n *Node) lead(ctx context.Context, g *group, to cluster.NodeID) error {
	m, err := g.agreed.Membership(ctx)
	if err != nil {
		return err
	}
	number, votes := at(m.Voting, to)
	if !votes {
		return fmt.Errorf("%w: node %d has no replica of the shard with a vote", cluster.ErrNotNow, to)
	}
	if g.agreed.Leader() == number {
		return nil
	}
	if n.isLeaving(to) {
		return fmt.Errorf("%w: node %d is about to stop", cluster.ErrNotNow, to)
	}
	// While the lead is offered to a replica that cannot take it, the group takes no writes.
	if err := n.hasCaughtUp(ctx, g, to); err != nil {
		return err
	}
	return n.transfer(ctx, g, number, func(now uint64) bool { return now == number })
}

// Leave hands all that this node leads to other replicas, for as long as ctx allows, and from then
// on until Close what comes back to it. It is for a node that is about to stop.
func (n *Node) Leave(ctx context.Context) {
	n.leaving.Store(true)
	n.mu.Lock()
	var all []*group
	for _, g := range n.groups {
		all = append(all, g)
	}
	n.mu.Unlock()
	for _, g := range all {
		g.leaving.Store(true)
	}
	for !n.leaveAll(ctx, all) && ctx.Err() == nil {
		time.Sleep(leaveEvery)
	}
	// One that was handed over may come back: if the other one fails, or if somebody moves it here
	// who has not heard yet that this node leaves.
	go func() {
		for n.stop.Err() == nil {
			n.leaveAll(n.stop, all)
			time.Sleep(leaveEvery)
		}
	}()
}

// leaveEvery is how often a node that leaves looks whether it leads anything.
const leaveEvery = lookEvery / 4

// leaveAll hands over what this node leads of the groups, and tells whether that is nothing.
func (n *Node) leaveAll(ctx context.Context, all []*group) bool {
	left := 0
	for _, g := range all {
		if ctx.Err() == nil && !n.leave(ctx, g) {
			left++
		}
	}
	return left == 0
}

// leave hands a group over, if this node leads it and others have a vote, and tells whether it did
// not have to.
func (n *Node) leave(ctx context.Context, g *group) (left bool) {
	number := g.agreed.Replica()
	if g.agreed.Leader() != number {
		return true
	}
	m, err := g.agreed.Membership(ctx)
	if err == nil && len(m.Voting) == 1 {
		return true
	}
	if err == nil {
		err = n.handOver(ctx, g, m, number)
	}
	if err != nil {
		n.logger.Warn("a group that this node leads could not be handed over yet", "group", g.number, "error", err.Error())
	}
	return false
}
