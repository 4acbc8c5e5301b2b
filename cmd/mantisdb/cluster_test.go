package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server"
	httpapi "github.com/mantisdb/mantisdb/server/http"
)

// fakeCluster notes what it is told. The server tells it on goroutines of its own.
type fakeCluster struct {
	mu   sync.Mutex
	told []string
	err  error
}

func (f *fakeCluster) Topology() *cluster.Topology {
	return &cluster.Topology{
		Self: 2,
		Nodes: []cluster.Node{
			{ID: 1, Client: "a:1", Peer: "a:2", Raft: "a:3", Zone: "east", State: cluster.NodeUp, Version: "1.2.3", Reachable: true},
			{ID: 2, Client: "b:1", Peer: "b:2", Raft: "b:3", State: cluster.NodeDraining},
		},
		Shards: []cluster.Shard{{Leader: 1, Term: 7, Replicas: []cluster.NodeID{1, 2}, Failed: []cluster.NodeID{2}}, {Replicas: []cluster.NodeID{2}}},
		Meta:   cluster.Shard{Leader: 2, Term: 3, Replicas: []cluster.NodeID{2}},
	}
}

func (f *fakeCluster) tell(args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
	return f.err
}

// heard is what it was told since this was asked for last.
func (f *fakeCluster) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := f.told
	f.told = nil
	return told
}

// refuse has it answer with an error from now on.
func (f *fakeCluster) refuse(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeCluster) AddNode(_ context.Context, n cluster.Node) (cluster.NodeID, error) {
	return 9, f.tell("add", n.ID, n.Client, n.Peer, n.Raft, n.Zone)
}
func (f *fakeCluster) RemoveNode(_ context.Context, id cluster.NodeID, dead bool) error {
	return f.tell("remove", id, dead)
}
func (f *fakeCluster) Drain(_ context.Context, id cluster.NodeID) error { return f.tell("drain", id) }
func (f *fakeCluster) Move(_ context.Context, shard int, from, to cluster.NodeID) error {
	return f.tell("move", shard, from, to)
}
func (f *fakeCluster) Lead(_ context.Context, shard int, to cluster.NodeID) error {
	return f.tell("lead", shard, to)
}

// serveCluster serves the API with an administrator, if there is one, and returns the flag
// that names the server.
func serveCluster(t *testing.T, administrator cluster.Administrator) string {
	t.Helper()
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	handler := httpapi.NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), httpapi.About{Version: "1.2.3", Engine: "go"})
	if administrator != nil {
		handler.WithAdministrator(administrator)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return "--server=" + s.URL
}

// TestClusterCommands: each command tells the administrator what it says, and what it refuses
// is told.
func TestClusterCommands(t *testing.T) {
	t.Parallel()
	f := &fakeCluster{}
	at := serveCluster(t, f)
	for _, c := range []struct{ args, stdout, told string }{
		{"add --client=c:1 --peer=c:2 --raft=c:3", "9\n", "add 0 c:1 c:2 c:3 "},
		{"add --id=9 --client=c:1 --peer=c:2 --raft=c:3 --zone=west", "9\n", "add 9 c:1 c:2 c:3 west"},
		{"remove 2", "", "remove 2 false"},
		{"remove 2 --dead", "", "remove 2 true"},
		{"drain 2", "", "drain 2"},
		{"move 1 2 3", "", "move 1 2 3"},
		{"lead 1 2", "", "lead 1 2"},
	} {
		want(t, "", 0, c.stdout, "", append(append([]string{"cluster"}, strings.Fields(c.args)...), at)...)
		if told := f.heard(); !slices.Equal(told, []string{c.told}) {
			t.Errorf("%s: told %q, want %q", c.args, told, c.told)
		}
	}
	for args, text := range map[string]string{
		"add --client=c:1": "--client, --peer and --raft are needed",
		"remove x":         "no number of a node",
		"drain 0":          "no number of a node",
		"move -- -1 1 2":   "no number of a shard",
		"move 1 1":         "accepts 3 arg(s)",
		"lead x 1":         "no number of a shard",
		"":                 "a command is missing",
		"nonsense":         "unknown command",
	} {
		line := []string{"cluster"}
		if args != "" && args != "nonsense" {
			line = append(line, strings.Fields(args)[0], at)
			line = append(line, strings.Fields(args)[1:]...)
		} else {
			line = append(line, strings.Fields(args)...)
		}
		want(t, "", 2, "", text, line...)
	}
	if told := f.heard(); told != nil {
		t.Errorf("what was asked for wrongly was done: %q", told)
	}
	f.refuse(fmt.Errorf("%w: node 2 has 5 replicas", cluster.ErrNotNow))
	want(t, "", 1, "", "node 2 has 5 replicas", "cluster", "remove", "2", at)
	want(t, "", 1, "", "is not a node of a cluster", "cluster", "status", serveCluster(t, nil))
}

// TestClusterStatus: the layout is shown as tables, and as the server tells it.
func TestClusterStatus(t *testing.T) {
	t.Parallel()
	at := serveCluster(t, &fakeCluster{})
	want(t, "", 0, ""+
		"node  state     reachable  version  zone  client  peer  raft  leads  replicas\n"+
		"1     up        yes        1.2.3    east  a:1     a:2   a:3   1      1\n"+
		"2*    draining  no         -        -     b:1     b:2   b:3   0      2\n"+
		"\n"+
		"shard  slots       leader  term  replicas\n"+
		"0      0-8191      1       7     1,2!\n"+
		"1      8192-16383  -       0     2\n"+
		"meta   -           2       3     2\n", "", "cluster", "status", at)
	const line = `{"self":2,"nodes":[{"id":1,"client":"a:1","peer":"a:2","raft":"a:3","zone":"east","state":"up","version":"1.2.3","reachable":true},` +
		`{"id":2,"client":"b:1","peer":"b:2","raft":"b:3","state":"draining","version":"","reachable":false}],` +
		`"shards":[{"shard":0,"first_slot":0,"last_slot":8191,"leader":1,"term":7,"replicas":[1,2],"failed":[2]},` +
		`{"shard":1,"first_slot":8192,"last_slot":16383,"leader":0,"term":0,"replicas":[2]}],"meta":{"leader":2,"term":3,"replicas":[2]}}` + "\n"
	want(t, "", 0, line, "", "cluster", "status", "--json", at)
}
