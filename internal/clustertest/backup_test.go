//go:build linux

package clustertest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// chains are clients of which each counts in keys of all shards, one key after the other, each
// as soon as the one before was acknowledged: so of what was at any one moment, no key is behind
// the one after it.
type chains struct {
	*running
	end    chan struct{}
	ending sync.Once
	all    sync.WaitGroup

	mu   sync.Mutex
	keys [][]string // of each chain, one in each shard
}

// count begins it.
func (r *running) count(clients int) *chains {
	c := &chains{running: r, end: make(chan struct{})}
	r.t.Cleanup(c.stop) // before the nodes end, whatever becomes of the test
	topology := r.mustTopology()
	for range clients {
		c.all.Go(func() {
			for !wait(c.end, 0) {
				c.run(topology)
			}
		})
	}
	return c
}

// chain is the keys of a new chain. Neighbours are far apart, and so likely led by different nodes.
func (c *chains) chain(topology *cluster.Topology) (keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	number := len(c.keys)
	for i := range topology.Shards {
		shard := (5*i + number) % len(topology.Shards)
		keys = append(keys, keyOf(topology, shard, fmt.Sprintf("chain/%d/%d", number, i)))
	}
	c.keys = append(c.keys, keys)
	return keys
}

// run counts in a chain until the end, or until nobody knows of a write, which may still be done.
func (c *chains) run(topology *cluster.Topology) {
	keys := c.chain(topology)
	for number := 1; ; number++ {
		for i, key := range keys {
			in := linearizable.KeyInput{Kind: "put", Key: key, Value: strconv.Itoa(number)}
			if _, err := c.client(c.nodes[(i+number)%len(c.nodes)].client()).do(in); err != nil || wait(c.end, 0) {
				return
			}
		}
	}
}

// stop ends the clients.
func (c *chains) stop() {
	c.ending.Do(func() { close(c.end) })
	c.all.Wait()
}

// check tells what is wrong with what was found, and how much was counted.
func (c *chains) check(found map[string]string) (counted int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, keys := range c.keys {
		first, _ := strconv.Atoi(found[keys[0]]) // 0 if it is not there
		before := first
		for i, key := range keys {
			number, _ := strconv.Atoi(found[key])
			if number > before || number < first-1 {
				err = errors.Join(err, fmt.Errorf("%s is %d, and %s, which is written before it, %d, of %d", key, number, keys[max(i-1, 0)], before, first))
			}
			before = number
		}
		counted += first
	}
	return counted, err
}

// mantisdb runs a command of the program where a node is.
func (r *running) mantisdb(n *node, args ...string) error {
	out, err := r.place.Command(n.id, n.program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mantisdb %v: %w: %s", args, err, out)
	}
	return nil
}

// send sends a request, whose answer must be one of success.
func (r *running) send(method, url, body string) error {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := r.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, text)
	}
	return err
}

func (r *running) url(n *node) string { return "http://" + n.client() }

// restored is what a backup has, by restoring it to a directory.
func restored(t *testing.T, program, backup string) *mantisdb.DB {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if out, err := exec.Command(program, "restore", backup, "--data-dir="+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	db, err := mantisdb.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// contentOf is all entries of a keyspace of a database, with their expiries.
func contentOf(t *testing.T, ks *mantisdb.Keyspace) (values map[string]string, expiries map[string]int64) {
	t.Helper()
	values, expiries = make(map[string]string), make(map[string]int64)
	scan := ks.Scan(mantisdb.Range{})
	for e := range scan.Entries() {
		values[string(e.Key)], expiries[string(e.Key)] = string(e.Value), e.Meta.ExpiresAt
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return values, expiries
}

// TestBackupIsOneMoment: whatever a backup has that was written under load, it has what its
// client had been acknowledged before.
func TestBackupIsOneMoment(t *testing.T) {
	needMachine(t)
	const backups = 12
	r := newCluster(t, &loopback{}, 3)
	c := r.count(4)
	last := 0
	for i := range backups {
		if i%4 == 3 {
			r.leadElsewhere(i)
		}
		file := filepath.Join(t.TempDir(), "backup")
		if err := r.mantisdb(r.nodes[i%3], "backup", file, "--server="+r.url(r.nodes[i%3])); err != nil {
			t.Fatal(err)
		}
		values, _ := contentOf(t, restored(t, r.nodes[0].program, file).DefaultKeyspace())
		counted, err := c.check(values)
		if err != nil {
			t.Error(err)
		}
		if counted < last {
			t.Errorf("a backup has %d, and the one before had %d", counted, last)
		}
		last = counted
	}
	c.stop()
	if last < backups {
		t.Errorf("%d was counted during %d backups: there was no load", last, backups)
	}
	t.Logf("%d was counted, in %d chains", last, len(c.keys))
}

// leadElsewhere has another node lead a shard.
func (r *running) leadElsewhere(number int) {
	r.t.Helper()
	topology := r.mustTopology()
	number %= len(topology.Shards)
	shard := topology.Shards[number]
	for _, to := range shard.Replicas {
		if to != shard.Leader {
			r.await("lead for a replica, once that has caught up", func() error {
				_, err := r.admin(r.nodes[0], "lead", strconv.Itoa(number), fmt.Sprint(to))
				return err
			})
			return
		}
	}
}

// writeNumbered writes one key to a numbered database of Redis's protocol, in a shard that is not the first, and
// returns it. The database is to be listed and in backups from then on.
func (r *running) writeNumbered(number, value string) (key string) {
	r.t.Helper()
	client, err := dialRedis(r.place, r.nodes[0].client())
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.close()
	topology := r.mustTopology()
	key = keyOf(topology, len(topology.Shards)/2, "numbered")
	for _, command := range [][]string{{"SELECT", number}, {"SET", key, value}} {
		if reply, err := client.command(command...); err != nil {
			r.t.Fatalf("%v: %v, %v", command, reply, err)
		}
	}
	return key
}

// TestRestoreIntoAnotherSize takes a backup of three nodes with 16 shards to one node with 4, to a
// server that is no cluster, and from that to a cluster again: with keyspaces and expiries, and not
// over what there is.
func TestRestoreIntoAnotherSize(t *testing.T) {
	needMachine(t)
	r := newCluster(t, &loopback{}, 3)
	names := []string{"", "1", "other"}
	for i, name := range names {
		path := "/api/v1"
		if name != "" {
			if err := r.send(http.MethodPost, r.url(r.nodes[i])+"/api/v1/keyspaces", fmt.Sprintf(`{"name":%q}`, name)); err != nil {
				t.Fatal(err)
			}
			path += "/keyspaces/" + name
		}
		for j := range 500 {
			if err := r.send(http.MethodPut, fmt.Sprintf("%s%s/kv/%s/%d?ttl=100h", r.url(r.nodes[j%3]), path, "key", j), fmt.Sprint(name, j)); err != nil {
				t.Fatal(err)
			}
		}
	}
	numbered := r.writeNumbered("3", "value")
	first := filepath.Join(t.TempDir(), "first")
	if err := r.mantisdb(r.nodes[0], "backup", first, "--server="+r.url(r.nodes[0])); err != nil {
		t.Fatal(err)
	}
	want := restored(t, r.nodes[0].program, first)
	ks, err := want.Keyspace("redis-3")
	if err != nil {
		t.Fatal(err)
	}
	if values, _ := contentOf(t, ks); len(values) != 1 || values[numbered] != "value" {
		t.Errorf("the backup has %v of a numbered database", values)
	}

	small := newRunning(t, &shifted{by: 100})
	one := small.add("", append(nodeFlags(small.place, 1), fmt.Sprintf("--cluster-peers=1=%s:%d", small.place.Address(1), peerPort), "--cluster-shards=4")...)
	small.await("cluster of one", small.serves)
	plain := newRunning(t, &shifted{by: 110})
	alone := plain.add("")
	plain.await("server that answers", plain.answers)
	large := newCluster(t, &shifted{by: 120}, 3)

	from := first
	for _, to := range []struct {
		*running
		node *node
	}{{small, one}, {plain, alone}, {large, large.nodes[2]}} {
		if err := to.mantisdb(to.node, "restore", from, "--server="+to.url(to.node)); err != nil {
			t.Fatal(err)
		}
		if err := to.mantisdb(to.node, "restore", from, "--server="+to.url(to.node)); err == nil {
			t.Error("a restore over what there is was not refused")
		}
		if err := to.mantisdb(to.node, "restore", from, "--force", "--server="+to.url(to.node)); err != nil {
			t.Error(err)
		}
		from = filepath.Join(t.TempDir(), "next")
		if err := to.mantisdb(to.node, "backup", from, "--server="+to.url(to.node)); err != nil {
			t.Fatal(err)
		}
		got := restored(t, to.node.program, from)
		for _, name := range names {
			wantIn, gotIn := want.DefaultKeyspace(), got.DefaultKeyspace()
			if name != "" {
				var err, err2 error
				wantIn, err = want.Keyspace(name)
				gotIn, err2 = got.Keyspace(name)
				if err := errors.Join(err, err2); err != nil {
					t.Fatal(err)
				}
			}
			wantValues, wantExpiries := contentOf(t, wantIn)
			gotValues, gotExpiries := contentOf(t, gotIn)
			if len(wantValues) != 500 || !maps.Equal(wantValues, gotValues) || !maps.Equal(wantExpiries, gotExpiries) {
				t.Errorf("keyspace %q: %d entries, of %d, with other values or expiries", name, len(gotValues), len(wantValues))
			}
		}
		if err := to.mantisdb(to.node, "check", "--server="+to.url(to.node)); err != nil {
			t.Error(err)
		}
	}
}
