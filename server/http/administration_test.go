package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// administrator is a cluster.Administrator that notes what it is told, and refuses that if it
// has an error.
type administrator struct {
	err  error
	dead bool // this node is
	told []string
}

func (a *administrator) Topology() *cluster.Topology {
	state := cluster.NodeDraining
	if a.dead {
		state = cluster.NodeDead
	}
	return &cluster.Topology{
		Self: 2, Cluster: "f8546cd4ad45e829",
		Nodes: []cluster.Node{
			{ID: 1, Client: "a:1", Peer: "a:2", Raft: "a:3", Zone: "east", State: cluster.NodeUp, Version: "1.2.3", Reachable: true},
			{ID: 2, Client: "b:1", Peer: "b:2", Raft: "b:3", State: state},
		},
		Shards: []cluster.Shard{
			{Leader: 1, Term: 7, Replicas: []cluster.NodeID{1, 2}},
			{Replicas: []cluster.NodeID{2}},
		},
		Meta: cluster.Shard{Leader: 2, Term: 3, Replicas: []cluster.NodeID{2}},
	}
}

func (a *administrator) tell(format string, args ...any) error {
	a.told = append(a.told, fmt.Sprintf(format, args...))
	return a.err
}

func (a *administrator) AddNode(_ context.Context, n cluster.Node) (cluster.NodeID, error) {
	return 3, a.tell("add %+v", n)
}
func (a *administrator) RemoveNode(_ context.Context, id cluster.NodeID, dead bool) error {
	return a.tell("remove %d %v", id, dead)
}
func (a *administrator) Drain(_ context.Context, id cluster.NodeID) error {
	return a.tell("drain %d", id)
}
func (a *administrator) Move(_ context.Context, shard int, from, to cluster.NodeID) error {
	return a.tell("move %d %d %d", shard, from, to)
}
func (a *administrator) Lead(_ context.Context, shard int, to cluster.NodeID) error {
	return a.tell("lead %d %d", shard, to)
}

// newAdministered serves a cluster with an administrator.
func newAdministered(t *testing.T, a *administrator, configure ...func(*http.Server)) *testServer {
	t.Helper()
	s := serveHandler(t, NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout).WithAdministrator(a), configure...)
	s.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	return s
}

// TestAdministration: the administrator is told what is asked for, and the layout is told.
func TestAdministration(t *testing.T) {
	a := &administrator{}
	s := newAdministered(t, a)
	for _, c := range []struct {
		method, target, body string
		status               int
		told                 string
	}{
		{"POST", nodesPath, `{"id":3,"client":"c:1","peer":"c:2","raft":"c:3","zone":"west"}`, 201,
			"add {ID:3 Client:c:1 Peer:c:2 Raft:c:3 Redis: Zone:west State: Version: Protocol:0 Reachable:false}"},
		{"DELETE", nodesPath + "/2", "", 204, "remove 2 false"},
		{"DELETE", nodesPath + "/2?dead=true", "", 204, "remove 2 true"},
		{"POST", nodesPath + "/2/drain", "", 202, "drain 2"},
		{"POST", clusterPath + "/shards/1/move", `{"from":2,"to":1}`, 202, "move 1 2 1"},
		{"POST", clusterPath + "/shards/0/lead", `{"to":2}`, 204, "lead 0 2"},
	} {
		a.told = nil
		if got := s.do(c.method, c.target, c.body); got.status != c.status || !slices.Equal(a.told, []string{c.told}) {
			t.Errorf("%s %s: %d %s, told %q", c.method, c.target, got.status, got.body, a.told)
		}
	}
	if got := s.do("POST", nodesPath, `{"client":"c:1","peer":"c:2","raft":"c:3"}`); got.body != "{\"id\":3}\n" || got.header.Get("Location") != nodesPath+"/3" {
		t.Errorf("%+v", got)
	}
	const want = `{"self":2,"cluster":"f8546cd4ad45e829","nodes":[{"id":1,"client":"a:1","peer":"a:2","raft":"a:3","zone":"east","state":"up","version":"1.2.3","reachable":true},` +
		`{"id":2,"client":"b:1","peer":"b:2","raft":"b:3","state":"draining","version":"","reachable":false}],` +
		`"shards":[{"shard":0,"first_slot":0,"last_slot":8191,"leader":1,"term":7,"replicas":[1,2]},` +
		`{"shard":1,"first_slot":8192,"last_slot":16383,"leader":0,"term":0,"replicas":[2]}],"meta":{"leader":2,"term":3,"replicas":[2]}}` + "\n"
	if got := s.do("GET", clusterPath, ""); got.body != want {
		t.Errorf("%s", got.body)
	}
}

// unknowing is an administrator that has heard of no node yet, and whose only replica failed.
type unknowing struct{ administrator }

func (*unknowing) Topology() *cluster.Topology {
	return &cluster.Topology{Self: 1, Shards: []cluster.Shard{{Failed: []cluster.NodeID{1}}}}
}

// TestLayoutOfNothingKnown: what nobody told is an empty array, as the description of the API has
// it, and not null.
func TestLayoutOfNothingKnown(t *testing.T) {
	s := serveHandler(t, NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout).WithAdministrator(&unknowing{}))
	const want = `{"self":1,"nodes":[],"shards":[{"shard":0,"first_slot":0,"last_slot":16383,"leader":0,"term":0,"replicas":[],"failed":[1]}],` +
		`"meta":{"leader":0,"term":0,"replicas":[]}}` + "\n"
	if got := s.do("GET", clusterPath, ""); got.body != want {
		t.Errorf("%s", got.body)
	}
}

// TestAdministrationNeedsRights: who may not administrate changes nothing.
func TestAdministrationNeedsRights(t *testing.T) {
	a := &administrator{}
	users := usersOf(t, "user default on nopass ~* +@all -@admin\n")
	s := serveHandler(t, NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout).WithAdministrator(a).WithUsers(users))
	for target, method := range map[string]string{
		nodesPath: "POST", nodesPath + "/2": "DELETE", nodesPath + "/2/drain": "POST",
		clusterPath + "/shards/0/move": "POST", clusterPath + "/shards/0/lead": "POST",
	} {
		wantProblem(t, s.do(method, target, ""), forbidden)
	}
	if a.told != nil {
		t.Errorf("told %q", a.told)
	}
}

// TestListWithoutLeader: what is told is not of shards.
func TestListWithoutLeader(t *testing.T) {
	s := newAdministered(t, &administrator{err: cluster.ErrNoList})
	got := s.do("POST", nodesPath+"/2/drain", "")
	wantProblem(t, got, noLeader)
	if !strings.Contains(got.body, "the list of nodes has no leader") || got.header.Get("Retry-After") != "1" {
		t.Errorf("%+v", got)
	}
}

// administrationExchanges show every documented answer of what WithAdministrator serves.
func administrationExchanges(t *testing.T) (all []exchange) {
	s := newAdministered(t, &administrator{})
	slow := newAdministered(t, &administrator{}, func(c *http.Server) { c.ReadTimeout = 50 * time.Millisecond })
	refusing := map[int]*testServer{
		404: newAdministered(t, &administrator{err: cluster.ErrNoNode}),
		409: newAdministered(t, &administrator{err: cluster.ErrNotNow}),
		503: newAdministered(t, &administrator{err: cluster.ErrUnavailable}),
		504: newAdministered(t, &administrator{err: cluster.ErrOutcomeUnknown}),
	}
	all = append(all, exchange{method: "GET", path: clusterPath, target: clusterPath, server: s, status: 200})
	const node = nodesPath + "/2"
	const move, lead = clusterPath + "/shards/1/move", clusterPath + "/shards/1/lead"
	for _, c := range []struct {
		exchange
		wrong string // a target, or a body, that is wrong
	}{
		{exchange{method: "POST", path: nodesPath, target: nodesPath, body: `{"client":"c:1","peer":"c:2","raft":"c:3"}`, status: 201}, `{"client":"c:1"}`},
		{exchange{method: "DELETE", path: nodePath, target: node + "?dead=true", status: 204}, nodesPath + "/x"},
		{exchange{method: "POST", path: nodePath + "/drain", target: node + "/drain", status: 202}, nodesPath + "/0/drain"},
		{exchange{method: "POST", path: shardPath + "/move", target: move, body: `{"from":1,"to":2}`, status: 202}, `{"from":1}`},
		{exchange{method: "POST", path: shardPath + "/lead", target: lead, body: `{"to":2}`, status: 204}, `{}`},
	} {
		x := c.exchange
		x.server = s
		if x.body != "" {
			x.header = []string{"Content-Type", "application/json"}
		}
		all = append(all, x)
		wrong := x
		wrong.status, wrong.wrong = 400, true
		if x.body != "" {
			wrong.body = c.wrong
		} else {
			wrong.target = c.wrong
		}
		foreign := x
		foreign.status, foreign.header = 403, append(slices.Clone(x.header), "Sec-Fetch-Site", "cross-site")
		all = append(all, wrong, foreign)
		for status, server := range refusing {
			if status == 404 && x.path == nodesPath {
				continue // a node that is to be added need not be there
			}
			refused := x
			refused.server, refused.status = server, status
			all = append(all, refused)
		}
		if x.body != "" {
			stalling, long, text := x, x, x
			stalling.server, stalling.stall, stalling.status = slow, true, 408
			long.announce, long.status = maxControlBody+1, 413
			text.header, text.status, text.wrong = []string{"Content-Type", "text/plain"}, 415, true
			all = append(all, stalling, long, text)
		}
	}
	return append(all, exchange{method: "POST", path: shardPath + "/lead", target: clusterPath + "/shards/2/lead", body: `{"to":2}`, header: []string{"Content-Type", "application/json"}, server: s, status: 404})
}
