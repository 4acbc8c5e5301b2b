package consensus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4"
)

// three starts a group of three replicas on hosts of their own.
func three(t *testing.T) (hosts []*Host, groups []*Group) {
	t.Helper()
	members := make(map[uint64]string)
	for number := range uint64(3) {
		h, address := openHost(t)
		hosts = append(hosts, h)
		members[number+1] = address
	}
	for i, h := range hosts {
		g, err := h.Start(Start{Group: testGroup, Replica: uint64(i + 1), Members: members, Failed: unexpected(t)}, newReplica(t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g)
	}
	return hosts, groups
}

// TestALeaderThatHasGoneIsFollowedAtOnce: no replica waits for an election's time if nobody listens
// where the leader was.
func TestALeaderThatHasGoneIsFollowedAtOnce(t *testing.T) {
	const tries = 5 // each may be kept up by what else the machine does
	for try := 1; ; try++ {
		took := followed(t)
		if took < electionTime {
			return
		}
		t.Logf("it took %v", took)
		if try == tries {
			t.Fatalf("a leader that has gone was followed within %v in none of %d tries", electionTime, tries)
		}
	}
}

// followed is how long it takes until a leader that has gone is followed.
func followed(t *testing.T) time.Duration {
	t.Helper()
	hosts, groups := three(t)
	agree := func(some []*Group) func() error {
		return func() error {
			for _, g := range some {
				if leader := some[0].Leader(); leader == 0 || g.Leader() != leader {
					return errors.New("no leader that all know")
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return some[0].ReadIndex(ctx)
		}
	}
	await(t, "leader", agree(groups))
	first := groups[0].Leader()
	var left []*Group
	for _, g := range groups {
		if g.Replica() != first {
			left = append(left, g)
		}
	}
	began := time.Now()
	hosts[first-1].Close()
	await(t, "other leader", func() error {
		if left[0].Leader() == first {
			return errors.New("the leader has gone")
		}
		return agree(left)()
	})
	return time.Since(began)
}

// TestTurns: each replica that is left has a turn of its own, and not the same in all groups.
func TestTurns(t *testing.T) {
	members := map[uint64]string{1: "a:1", 2: "b:1", 3: "gone:1", 4: "c:1"}
	first := make(map[uint64]bool)
	for group := range uint64(6) {
		seen := make(map[int]bool)
		for number := range members {
			turn, follows := turnOf(dragonboat.ShardInfo{ShardID: group, ReplicaID: number, Replicas: members}, "gone:1")
			if follows != (number != 3) {
				t.Errorf("replica %d follows: %v", number, follows)
			}
			if !follows {
				continue
			}
			if seen[turn] || turn < 0 || turn > 2 {
				t.Errorf("group %d has turn %d twice, or it is none", group, turn)
			}
			seen[turn] = true
			if turn == 0 {
				first[number] = true
			}
		}
	}
	if len(first) != 3 {
		t.Errorf("only some ever have the first turn: %v", first)
	}
	if _, follows := turnOf(dragonboat.ShardInfo{ReplicaID: 5, Replicas: members}, "gone:1"); follows {
		t.Error("one without a vote follows")
	}
}
