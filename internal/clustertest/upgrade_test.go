//go:build linux

package clustertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// newer is a program that understands one more protocol.
var newer built

// newerProgram returns the path of a program of a later release: one that understands one more
// protocol, and writes entries that this one does not read.
func newerProgram(t *testing.T) string {
	t.Helper()
	return newer.get(t, func(dir string) ([]string, error) {
		original, err := filepath.Abs("../../cluster/protocol.go")
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(original)
		if err != nil {
			return nil, err
		}
		const newest = "NewestProtocol Protocol = %d"
		now, next := fmt.Sprintf(newest, cluster.NewestProtocol), fmt.Sprintf(newest, cluster.NewestProtocol+1)
		if strings.Count(string(text), now) != 1 {
			return nil, fmt.Errorf("%s does not say %q", original, now)
		}
		changed, overlay := filepath.Join(dir, "protocol.go"), filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(changed, []byte(strings.Replace(string(text), now, next, 1)), 0o600); err != nil {
			return nil, err
		}
		replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
		if err != nil {
			return nil, err
		}
		return []string{"-overlay=" + overlay}, os.WriteFile(overlay, replace, 0o600)
	})
}

// uses tells whether the nodes do not use a protocol.
func (r *running) uses(protocol cluster.Protocol) error {
	for _, n := range r.nodes {
		topology, err := r.topology(n)
		if err != nil {
			return err
		}
		if topology.Protocol != protocol {
			return fmt.Errorf("node %d uses protocol %d", n.id, topology.Protocol)
		}
	}
	return nil
}

// TestRollingUpgrade starts the nodes with a newer program one after the other, under load: while
// programs are mixed they use what all of them understand, then what is new; and a node with the
// older program, or with one that is older than the cluster it joins, is told why it cannot start.
func TestRollingUpgrade(t *testing.T) {
	needMachine(t)
	old, next := cluster.NewestProtocol, cluster.NewestProtocol+1
	newest := newerProgram(t)
	r := newCluster(t, &loopback{}, 3)
	s := r.workSteadily()
	oldest := r.program
	for _, n := range r.nodes {
		if err := r.uses(old); err != nil {
			t.Error(err)
		}
		if err := n.restartWith(newest); err != nil {
			t.Fatal(err)
		}
		r.await("cluster that serves", r.serves)
	}
	r.await("newer protocol", func() error { return r.uses(next) })
	// The log has entries in the newer one by now, which a node reads that starts again.
	if err := r.nodes[1].restartWith(newest); err != nil {
		t.Fatal(err)
	}
	r.await("cluster that serves", r.serves)
	s.stop()
	r.await("equality of the replicas", r.equal)

	last := r.nodes[2]
	if err := last.stop(); err != nil {
		t.Fatal(err)
	}
	r.refusesToStart(last, oldest)
	if err := last.restartWith(newest); err != nil {
		t.Fatal(err)
	}
	r.await("cluster that serves", r.serves)

	late := r.newNode("", append(nodeFlags(r.place, 4), "--cluster-join="+r.nodes[0].peer())...)
	r.refusesToStart(late, oldest)
}

// refusesToStart has a node start with a program, which must end and say that it does not
// understand the cluster's protocol.
func (r *running) refusesToStart(n *node, program string) {
	r.t.Helper()
	before, _ := os.ReadFile(n.log) // there is none yet of a new node
	n.program = program
	if err := n.start(); err != nil {
		r.t.Fatal(err)
	}
	n.mayEnd()
	r.await("end of the older program", func() error {
		if n.runs() {
			return fmt.Errorf("node %d runs", n.id)
		}
		return nil
	})
	said, err := os.ReadFile(n.log)
	if err != nil {
		r.t.Fatal(err)
	}
	if said := string(said[len(before):]); !strings.Contains(said, cluster.ErrProtocol.Error()) || !strings.Contains(said, "start a newer release") {
		r.t.Errorf("node %d said, as it ended: %s", n.id, said)
	}
}

// restartWith ends the node in order, and starts it with a program.
func (n *node) restartWith(program string) error {
	if err := n.stop(); err != nil {
		return err
	}
	n.program = program
	return n.start()
}
