package consensus

import (
	"maps"
	"slices"
	"time"

	"github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/raftpb"
)

// successorTime is how long each replica that may follow a leader which has gone leaves it to the
// one before: so that they do not all ask for votes at once, and none gets enough.
const successorTime = 200 * time.Millisecond

// succeed has the groups that were led by replicas at another host, which has gone, elect at once:
// one of the replicas that are left is told what a leader tells the one that is to follow it. If
// that gets no votes, the next one is told, and after all of them an election comes by itself.
func (h *Host) succeed(address string, deliver func(raftpb.Message)) {
	go func() {
		for _, s := range h.shards() {
			if leader := s.LeaderID; leader != 0 && s.Replicas[leader] == address {
				h.succeedIn(s, address, deliver)
			}
		}
	}()
}

// succeedIn has the replica here follow a leader in its turn.
func (h *Host) succeedIn(s dragonboat.ShardInfo, address string, deliver func(raftpb.Message)) {
	turn, follows := turnOf(s, address)
	if !follows {
		return
	}
	if turn == 0 {
		h.elect(s, deliver)
		return
	}
	time.AfterFunc(time.Duration(turn)*successorTime, func() {
		for _, now := range h.shards() {
			// Another leader is one that got votes before.
			if now.ShardID == s.ShardID && (now.LeaderID == 0 || now.LeaderID == s.LeaderID) {
				h.elect(s, deliver)
			}
		}
	})
}

// turnOf is how many replicas are to follow before the one here, when those at an address have
// gone. It has one only if it has a vote. All replicas come to the same order, which is another one
// in each group, so that no host has to follow in all of them.
func turnOf(s dragonboat.ShardInfo, gone string) (turn int, follows bool) {
	var left []uint64
	for _, number := range slices.Sorted(maps.Keys(s.Replicas)) {
		if s.Replicas[number] != gone {
			left = append(left, number)
		}
	}
	at := slices.Index(left, s.ReplicaID)
	if at < 0 {
		return 0, false
	}
	return (at + int(s.ShardID%uint64(len(left)))) % len(left), true
}

// elect has the replica here ask for votes, though its group may have a leader for all it knows.
func (h *Host) elect(s dragonboat.ShardInfo, deliver func(raftpb.Message)) {
	h.ending.Lock()
	defer h.ending.Unlock()
	if h.closed {
		return
	}
	deliver(raftpb.Message{Type: raftpb.TimeoutNow, ShardID: s.ShardID, From: s.LeaderID, To: s.ReplicaID})
}

// shards are the groups of the host, as far as their replicas here have heard.
func (h *Host) shards() []dragonboat.ShardInfo {
	h.ending.Lock()
	defer h.ending.Unlock()
	if h.closed {
		return nil
	}
	if info := h.host.GetNodeHostInfo(dragonboat.NodeHostInfoOption{SkipLogInfo: true}); info != nil {
		return info.ShardInfoList
	}
	return nil
}
