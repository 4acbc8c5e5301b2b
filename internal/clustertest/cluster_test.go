//go:build linux

package clustertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// running is some nodes and how they are spoken to.
type running struct {
	t     *testing.T
	place place
	nodes []*node
	http  *http.Client
	dir   string

	program string // empty before the first node
	clocks  bool   // whether those of the nodes can be stepped
}

// newRunning has no nodes yet. Those that are added end with the test, and must not have
// ended by themselves.
func newRunning(t *testing.T, place place) *running {
	transport := &http.Transport{DialContext: place.Dial, MaxIdleConnsPerHost: clients}
	r := &running{t: t, place: place, http: &http.Client{Transport: transport}, dir: t.TempDir()}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		for _, n := range r.nodes {
			if err := errors.Join(n.faults(), n.resume(), n.kill()); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// withClocks has the clocks of nodes that are added be such that can be stepped.
func (r *running) withClocks() *running {
	r.t.Helper()
	r.program, r.clocks = programWithClock(r.t), true
	return r
}

// add makes a node with flags, and starts it. Its directory is the one given, or one of its
// own.
func (r *running) add(dir string, flags ...string) *node {
	r.t.Helper()
	n := r.newNode(dir, flags...)
	r.nodes = append(r.nodes, n)
	if err := n.start(); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// newNode makes a node as add does, which is not one of those that run.
func (r *running) newNode(dir string, flags ...string) *node {
	r.t.Helper()
	id := len(r.nodes) + 1
	if r.program == "" {
		r.program = program(r.t)
	}
	if dir == "" {
		dir = filepath.Join(r.dir, fmt.Sprint(id))
	}
	n := &node{
		id: id, place: r.place, program: r.program,
		flags: append(flags, "--data-dir="+filepath.Join(dir, "data")),
		log:   filepath.Join(r.t.ArtifactDir(), fmt.Sprintf("node-%d.log", id)),
	}
	if r.clocks {
		n.clock = filepath.Join(r.t.TempDir(), "clock")
		if err := n.step(0); err != nil {
			r.t.Fatal(err)
		}
	}
	return n
}

// newPlain is one server that is no cluster.
func newPlain(t *testing.T, place place) *running {
	r := newRunning(t, place)
	r.add("")
	r.await("server that answers", r.answers)
	return r
}

// newCluster makes a cluster of some nodes and waits until it serves. dirs are those of the
// first nodes; the others have their own.
func newCluster(t *testing.T, place place, nodes int, dirs ...string) *running {
	t.Helper()
	return newRunning(t, place).form(nodes, dirs...)
}

// form has nodes make a cluster.
func (r *running) form(nodes int, dirs ...string) *running {
	r.t.Helper()
	var peers []string
	for id := 1; id <= nodes; id++ {
		peers = append(peers, fmt.Sprintf("%d=%s:%d", id, r.place.Address(id), peerPort))
	}
	dirs = append(dirs, make([]string, nodes)...)
	for id := 1; id <= nodes; id++ {
		r.add(dirs[id-1], append(nodeFlags(r.place, id), "--cluster-peers="+strings.Join(peers, ","))...)
	}
	r.await("cluster that serves", r.serves)
	return r
}

// join adds a node to a cluster.
func (r *running) join() *node {
	r.t.Helper()
	return r.add("", append(nodeFlags(r.place, len(r.nodes)+1), "--cluster-join="+r.nodes[0].peer())...)
}

func nodeFlags(place place, id int) []string {
	return []string{
		fmt.Sprintf("--cluster-node=%d", id), fmt.Sprintf("--cluster-address=%s:%d", place.Address(id), peerPort),
		"--cluster-allow-insecure",
	}
}

// settled is how long a cluster may take until it does what it should.
const settled = time.Minute

// await waits until a condition has no error any more.
func (r *running) await(what string, condition func() error) {
	r.t.Helper()
	for deadline := time.Now().Add(settled); ; time.Sleep(20 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("no %s within %v: %v", what, settled, err)
		}
	}
}

// answers tells which node that runs does not answer.
func (r *running) answers() error {
	for _, n := range r.nodes {
		if !n.runs() {
			continue
		}
		if _, err := r.get("http://" + n.client() + "/health/ready"); err != nil {
			return fmt.Errorf("node %d: %w", n.id, err)
		}
	}
	return nil
}

// serves tells what is missing until every node knows a leader of every shard, and the same.
func (r *running) serves() error {
	if err := r.answers(); err != nil {
		return err
	}
	var first *cluster.Topology
	for _, n := range r.nodes {
		if !n.runs() {
			continue
		}
		topology, err := r.topology(n)
		if err != nil {
			return err
		}
		if first == nil {
			first = topology
		}
		if len(topology.Shards) != len(first.Shards) || len(topology.Shards) == 0 {
			return fmt.Errorf("node %d knows %d shards", n.id, len(topology.Shards))
		}
		for i, shard := range topology.Shards {
			if shard.Leader == 0 || shard.Leader != first.Shards[i].Leader {
				return fmt.Errorf("node %d takes node %d for the leader of shard %d, another node %d", n.id, shard.Leader, i, first.Shards[i].Leader)
			}
		}
	}
	return nil
}

// topology is what a node tells of the cluster.
func (r *running) topology(n *node) (*cluster.Topology, error) {
	text, err := r.get("http://" + n.client() + "/api/v1/cluster")
	if err != nil {
		return nil, err
	}
	topology := new(cluster.Topology)
	return topology, json.Unmarshal(text, topology)
}

// answerWithin is how long a single answer may take.
const answerWithin = 3 * time.Second

// get is the answer to a GET, whose status must be 200.
func (r *running) get(url string) ([]byte, error) {
	client := *r.http
	client.Timeout = answerWithin
	answer, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return text, err
}

// admin runs a command of `mantisdb cluster` against a node.
func (r *running) admin(n *node, args ...string) (string, error) {
	args = append([]string{"cluster"}, append(args, "--server=http://"+n.client())...)
	out, err := r.place.Command(n.id, n.program, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("mantisdb %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}
