//go:build linux

package clustertest

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/mantisdb/mantisdb/internal/clustertest/disk"
)

var (
	chaos = flag.Duration("chaos", 0, "how long faults befall a cluster; without it, the tests of clusters that need the machine for themselves are left out")
	seed  = flag.Uint64("chaos.seed", 0, "decides which; 0 is one at random")
)

// How many nodes there are, and how many of them have disks that may have faults: fewer than
// it takes to have a say.
const (
	chaosNodes = 5
	chaosDisks = 2
)

// TestChaos has clients work while faults befall a cluster.
func TestChaos(t *testing.T) {
	needMachine(t)
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-chaos.seed=%d", *seed)
	net := newNetwork(t, chaosNodes)
	disks, dirs := newDisks(t)
	r := newRunning(t, net).withClocks().form(chaosNodes, dirs...)
	w := r.work(*seed)
	n := &nemesis{running: r, network: net, disks: disks, rng: rand.New(rand.NewPCG(*seed, 0))}
	n.rage(t, *chaos)
	r.await("cluster that serves after all faults", r.serves)
	w.stop()
	w.check()
	if w.stale.local == 0 || w.stale.passedOn == 0 {
		t.Error("of the reads that might be stale, replicas have answered none, or all")
	}
	r.await("equality of the replicas", r.equal)
}

// newDisks mounts disks for the first nodes, if that can be, until the end of the test.
func newDisks(t *testing.T) (disks map[int]*disk.Disk, dirs []string) {
	t.Helper()
	if err := disk.Available(); err != nil {
		t.Logf("no disk has faults: %v", err)
		return nil, nil
	}
	disks = make(map[int]*disk.Disk)
	for id := 1; id <= chaosDisks; id++ {
		path, content := filepath.Join(t.TempDir(), "disk"), filepath.Join(t.TempDir(), "content")
		for _, dir := range []string{path, content} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		d, err := disk.Mount(path, content)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		disks[id] = d
		dirs = append(dirs, path)
	}
	return disks, dirs
}

// needMachine leaves a test out that other tests beside it would disturb, whose times count.
func needMachine(t *testing.T) {
	if *chaos == 0 {
		t.Skip("make test-cluster runs it")
	}
}
