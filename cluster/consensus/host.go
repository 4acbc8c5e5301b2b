// Package consensus has the replicas of shards agree on their logs, by way of Dragonboat: it
// knows elections, the log and its files, membership and the transfer of snapshots. All replicas
// of a node share one Host, with its connections to other nodes and its log's files.
package consensus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/client"
	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	"github.com/lni/dragonboat/v4/statemachine"

	"github.com/mantisdb/mantisdb/cluster/consensus/transport"
	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/storage"
)

// How the passing of time is told to the groups. A leader that is not heard of for an election's
// time, or up to twice that, is followed by another one.
const (
	tick          = 25 * time.Millisecond
	heartbeatTime = 50 * time.Millisecond
	electionTime  = 500 * time.Millisecond
)

// requestTimeout bounds what the group is asked without another bound.
const requestTimeout = 5 * time.Second

// requestGrace is how much longer than its bound a request is waited for, whose end the library
// tells by itself.
const requestGrace = time.Second

// askAgain is how long a group is given to tell what it has agreed upon until it is asked anew, at first.
var askAgain = 250 * time.Millisecond

// What is kept of a group's log once it is in the engine, so that a replica that was away for a
// while catches up without a snapshot; and how many entries there are between two moments at
// which the engine is synced for that.
const (
	keptEntries     = 20_000
	entriesPerCheck = 50_000
)

// Config says where a host keeps the logs, and where others find it.
type Config struct {
	// Dir is the directory of the logs.
	Dir string
	// Cluster tells the cluster from others, whose hosts are turned away; it is the same for as long as
	// the directory is there. 0: that of all clusters that have none.
	Cluster uint64
	// Address is the host and port at which the hosts of other nodes reach this one, and at
	// which it listens.
	Address string
	// TLS has hosts show each other certificates, which cover the hosts of their addresses. It is
	// for both sides, and demands and verifies a client's. nil: connections are not encrypted.
	TLS *tls.Config
	// LeaderChanged is told of each group of this host whose leader is another one than
	// before, in one goroutine: the number of its replica, 0 if nobody is known to lead. It must
	// not wait.
	LeaderChanged func(group, leader uint64)
	Logger        *slog.Logger
}

// Host is the groups that have a replica in this process.
type Host struct {
	host   *dragonboat.NodeHost
	logger *slog.Logger

	logs logReads

	ending sync.Mutex // held while closed is set, and while something is done that must come before
	closed bool

	// added has, for each group, an *atomic.Bool: whether a replica was asked to join by way of this
	// host. It outlives a Group, since who asks may have had one from before the replica was started
	// again.
	added sync.Map
}

// Open opens the logs and listens.
func Open(c Config) (*Host, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	useLogger(c.Logger)
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	// One worker and one log for all groups: so entries of different groups share a sync. It is
	// so for as long as the logs are there. docs/cluster.md has what else was tried.
	logs := config.GetTinyMemLogDBConfig()
	logs.Shards = 1
	workers := config.GetDefaultEngineConfig()
	workers.ExecShards, workers.CommitShards, workers.ApplyShards = 1, 4, 4
	h := &Host{logger: c.Logger}
	var err error
	h.host, err = dragonboat.NewNodeHost(config.NodeHostConfig{
		DeploymentID:      c.Cluster,
		NodeHostDir:       c.Dir,
		WALDir:            filepath.Join(c.Dir, "log"),
		RTTMillisecond:    uint64(tick / time.Millisecond),
		RaftAddress:       c.Address,
		RaftEventListener: listener(c.LeaderChanged),
		Expert: config.ExpertConfig{
			Engine: workers,
			LogDB:  logs,

			TransportFactory: transport.Factory{TLS: c.TLS, Entry: replica.CheckEntry, Gone: h.succeed, Logger: c.Logger},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("opening the consensus log in %s: %w", c.Dir, openError(err, c.Address))
	}
	return h, nil
}

// ErrOtherAddress is the error of a directory whose host had another address: its groups know the
// replicas in it by that.
var ErrOtherAddress = errors.New("a node keeps its address for life: start it at the one that it had, or remove it and let a new one join, with a directory and a number of its own")

// ErrOtherCluster is the error of a directory that was begun for another cluster.
var ErrOtherCluster = errors.New("a node is of one cluster for life: give it the directory of this one, or an empty one")

// The library's errors of such directories, and of one that another process has open, which it does not
// export.
const (
	notOwner = "not the owner of the data directory"
	changed  = "deployment ID changed"
	locked   = "failed to lock data directory"
)

func openError(err error, address string) error {
	switch err.Error() {
	case notOwner:
		return fmt.Errorf("it was not begun at %s: %w", address, ErrOtherAddress)
	case changed:
		return fmt.Errorf("it was begun for another cluster: %w", ErrOtherCluster)
	case locked:
		return storage.ErrLocked
	}
	return err
}

// listener hands changes of leaders on.
type listener func(group, leader uint64)

// LeaderUpdated implements raftio.IRaftEventListener.
func (l listener) LeaderUpdated(info raftio.LeaderInfo) { l(info.ShardID, info.LeaderID) }

// Close stops all replicas and closes the logs, if that was not done.
func (h *Host) Close() {
	h.ending.Lock()
	done := h.closed
	h.closed = true
	h.ending.Unlock()
	if !done {
		h.logs.close()
		h.host.Close()
	}
}

// Start says which replica of a group is to be started.
type Start struct {
	Group   uint64
	Replica uint64 // its number in the group, never given again
	// Members are the first replicas and their hosts' addresses, the same on all of them; nil
	// for one that was added to the group later, or was started before.
	Members map[uint64]string
	// Joins tells that the replica is added to a group that exists.
	Joins bool
	// NonVoting tells that it has no vote yet.
	NonVoting bool
	// Failed is told why the replica could not be opened, or could not take a snapshot. Then it
	// takes no part in the group until it is stopped and started again. It must not wait.
	Failed func(why error)
}

// Start starts a replica, which is opened by and by.
func (h *Host) Start(s Start, r *replica.Replica) (*Group, error) {
	c := config.Config{
		ShardID: s.Group, ReplicaID: s.Replica,
		CheckQuorum: true, PreVote: true, OrderedConfigChange: true,
		HeartbeatRTT: uint64(heartbeatTime / tick), ElectionRTT: uint64(electionTime / tick),
		SnapshotEntries: entriesPerCheck, CompactionOverhead: keptEntries,
		IsNonVoting: s.NonVoting,
	}
	create := func(uint64, uint64) statemachine.IOnDiskStateMachine { return &machine{replica: r, failed: s.Failed} }
	if err := h.host.StartOnDiskReplica(s.Members, s.Joins, create, c); err != nil {
		return nil, fmt.Errorf("starting replica %d of group %d: %w", s.Replica, s.Group, err)
	}
	added, _ := h.added.LoadOrStore(s.Group, new(atomic.Bool))
	return &Group{
		host: h.host, number: s.Group, session: h.host.GetNoOPSession(s.Group),
		replica: s.Replica, machine: r, added: added.(*atomic.Bool), logs: &h.logs,
	}, nil
}

// Known tells whether a replica was started here before.
func (h *Host) Known(group, number uint64) bool { return h.host.HasNodeInfo(group, number) }

// Logs are the replicas, by their groups, of which the log has anything.
func (h *Host) Logs() map[uint64][]uint64 {
	info := h.host.GetNodeHostInfo(dragonboat.NodeHostInfoOption{})
	if info == nil { // it is closed
		return nil
	}
	all := make(map[uint64][]uint64)
	for _, one := range info.LogInfo {
		all[one.ShardID] = append(all[one.ShardID], one.ReplicaID)
	}
	return all
}

// Forget removes what the log has of a replica that does not run, and never will again.
func (h *Host) Forget(ctx context.Context, group, number uint64) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	return h.host.SyncRemoveData(ctx, group, number)
}

// Group is one group, as the replica of it here sees it.
type Group struct {
	host    *dragonboat.NodeHost
	number  uint64
	session *client.Session // of all proposals, of which it says nothing
	replica uint64
	machine *replica.Replica
	added   *atomic.Bool // that of the host
	logs    *logReads    // that of the host
	stopped bool         // no reads of the log any more; of logs.mu
}

// Propose implements replica.Group.
func (g *Group) Propose(ctx context.Context, entry []byte) (uint64, error) {
	request, err := g.host.Propose(g.session, entry, timeLeft(ctx))
	if err != nil {
		// Nothing was handed over.
		return 0, errors.Join(replica.ErrDropped, err)
	}
	var result dragonboat.RequestResult
	select {
	case result = <-request.ResultC():
		request.Release()
	case <-time.After(timeLeft(ctx) + requestGrace): // a replica that is stopped may answer nothing
		return 0, errors.New("the replica did not answer")
	}
	switch {
	case result.Completed() && result.GetResult().Value == notApplied:
		return 0, errors.New("the replica was stopped")
	case result.Completed():
		return result.GetResult().Value, nil
	case result.Dropped():
		return 0, fmt.Errorf("%w: the group has no leader", replica.ErrDropped)
	case result.Rejected():
		return 0, fmt.Errorf("%w: the group refused it", replica.ErrDropped)
	case result.Terminated():
		return 0, errors.New("the replica was stopped")
	}
	return 0, errors.New("the group did not agree in time")
}

// ReadIndex implements replica.Group. The library forgets a question, and answers it no more, when the
// leader changes, be it that the same one leads again. So it is asked anew when no answer comes, each
// time after twice as long; the first answer to any of the questions is to all that was asked before it.
func (g *Group) ReadIndex(ctx context.Context) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	late := make(chan struct{}) // answers to questions before the last one
	for wait := askAgain; ; wait *= 2 {
		request, err := g.host.ReadIndex(g.number, timeLeft(ctx))
		if err != nil {
			return err
		}
		select {
		case result := <-request.ResultC():
			request.Release()
			if !result.Completed() {
				return errNoReadIndex
			}
			return nil
		case <-late:
			return nil
		case <-ctx.Done():
			return errors.Join(errNoReadIndex, context.Cause(ctx))
		case <-time.After(wait):
			go tellLate(ctx, request, late)
		}
	}
}

// tellLate tells late that a question is answered, until ctx is over.
func tellLate(ctx context.Context, question *dragonboat.RequestState, late chan<- struct{}) {
	select {
	case result := <-question.ResultC():
		question.Release()
		if !result.Completed() {
			return
		}
	case <-ctx.Done():
		return
	}
	select {
	case late <- struct{}{}:
	case <-ctx.Done():
	}
}

// errNoReadIndex says that the group has not told what it has agreed upon.
var errNoReadIndex = errors.New("the group did not answer in time, or has no leader")

// Alone implements replica.Group.
func (g *Group) Alone(ctx context.Context) (still func() bool, err error) {
	m, err := g.Membership(ctx)
	if err != nil {
		return nil, err
	}
	if _, votes := m.Voting[g.replica]; !votes || len(m.Voting)+len(m.NonVoting) > 1 {
		return nil, nil
	}
	return func() bool { return !g.added.Load() }, nil
}

// timeLeft is how long a request may take: the library takes no context.
func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return requestTimeout
	}
	return max(time.Until(deadline), 2*tick)
}

// withDeadline gives a context a deadline, without which the library takes none.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, requestTimeout)
}

// Leader is the number of the replica that leads the group, 0 if none is known.
func (g *Group) Leader() uint64 {
	leader, _, ok, err := g.host.GetLeaderID(g.number)
	if err != nil || !ok {
		return 0
	}
	return leader
}

// Replica is the number of the group's replica here.
func (g *Group) Replica() uint64 { return g.replica }

// Membership is who belongs to a group.
type Membership struct {
	Voting, NonVoting map[uint64]string // the addresses of the replicas' hosts
	// Removed are the replicas that belonged to the group, and never will again.
	Removed map[uint64]struct{}
	// Version tells this membership from others.
	Version uint64
}

// Members are those of each group of this host, as far as its replica has heard, without asking
// the group.
func (h *Host) Members() map[uint64]Membership {
	info := h.host.GetNodeHostInfo(dragonboat.NodeHostInfoOption{SkipLogInfo: true})
	if info == nil { // it is closed
		return nil
	}
	all := make(map[uint64]Membership, len(info.ShardInfoList))
	for _, s := range info.ShardInfoList {
		if !s.Pending {
			all[s.ShardID] = Membership{Voting: s.Replicas, Version: s.ConfigChangeIndex}
		}
	}
	return all
}

// Membership asks the group who belongs to it.
func (g *Group) Membership(ctx context.Context) (Membership, error) {
	var m *dragonboat.Membership
	err := g.ask(ctx, func(ctx context.Context) (err error) {
		m, err = g.host.SyncGetShardMembership(ctx, g.number)
		return err
	})
	if err != nil {
		return Membership{}, err
	}
	return Membership{Voting: m.Nodes, NonVoting: m.NonVotings, Removed: m.Removed, Version: m.ConfigChangeID}, nil
}

// Add adds a replica without a vote, if the membership is still of a version.
func (g *Group) Add(ctx context.Context, number uint64, address string, version uint64) error {
	g.added.Store(true) // before anybody else can have joined
	return g.ask(ctx, func(ctx context.Context) error {
		return g.host.SyncRequestAddNonVoting(ctx, g.number, number, address, version)
	})
}

// Promote gives a replica a vote.
func (g *Group) Promote(ctx context.Context, number uint64, address string, version uint64) error {
	g.added.Store(true)
	return g.ask(ctx, func(ctx context.Context) error {
		return g.host.SyncRequestAddReplica(ctx, g.number, number, address, version)
	})
}

// Remove takes a replica out of the group. One that removes itself may not be told that it is
// done.
func (g *Group) Remove(ctx context.Context, number, version uint64) error {
	return g.ask(ctx, func(ctx context.Context) error {
		return g.host.SyncRequestDeleteReplica(ctx, g.number, number, version)
	})
}

// ask asks the group something until it takes it: a leader that has just become one drops what it
// is asked, for a moment.
func (g *Group) ask(ctx context.Context, request func(ctx context.Context) error) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	for {
		err := request(ctx)
		if !errors.Is(err, dragonboat.ErrShardNotReady) {
			return err
		}
		select {
		case <-time.After(tick):
		case <-ctx.Done():
			return err
		}
	}
}

// Transfer asks the group to be led by another replica. Whether it does is seen by its leader.
func (g *Group) Transfer(to uint64) error { return g.host.RequestLeaderTransfer(g.number, to) }

// Stop stops the replica here.
func (g *Group) Stop() error {
	g.machine.Stop()
	g.stopReads()
	return g.host.StopReplica(g.number, g.replica)
}
