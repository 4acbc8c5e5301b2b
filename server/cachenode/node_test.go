package cachenode_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/internal/logtest"
	"github.com/mantisdb/mantisdb/internal/porttest"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/cachenode"
	"github.com/mantisdb/mantisdb/storage"
)

// Variables that make the test binary be a node, in a process of its own.
const (
	nodeAddress  = "TEST_CACHE_ADDRESS"
	nodePeers    = "TEST_CACHE_PEERS"
	nodeReplicas = "TEST_CACHE_REPLICAS"
	nodeClients  = "TEST_CACHE_CLIENTS" // where it listens for clients
	nodeSecret   = "TEST_CACHE_SECRET"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(nodeAddress); address != "" {
		if err := beNode(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// memoryLimit is that of a node. All keys of a test do not fit, so nodes evict.
const memoryLimit = 16 << 20

// beNode serves until it is killed. The first line that it writes is where clients find it.
func beNode(address string) error {
	replicas, err := strconv.Atoi(os.Getenv(nodeReplicas))
	if err != nil {
		return err
	}
	cache, err := distributed.Open(distributed.Config{
		Address: address, Peers: strings.Split(os.Getenv(nodePeers), ","), Replicas: replicas,
		Secret: []byte(os.Getenv(nodeSecret)), MemoryLimit: memoryLimit, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", os.Getenv(nodeClients))
	if err != nil {
		return err
	}
	server := newServer(cache)
	fmt.Println(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go server.ServeConn(conn)
	}
}

func newServer(cache *distributed.Cache) *cachenode.Server {
	return cachenode.NewServer(cachenode.Config{Cache: cache, Users: acl.NewList(""), Logger: slog.New(slog.DiscardHandler)})
}

// place is where nodes run, and clients reach them. Nodes are numbered from 0.
type place struct {
	addresses []string // of nodes, for each other
	secret    string   // of nodes; empty: they need none
	// command is a program where a node is, which is the process that is started.
	command func(node int, program string) *exec.Cmd
	// dial connects a client; nil: as anybody does.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// loopback is a place on this host.
func loopback(t *testing.T, count int) *place {
	return &place{addresses: freeAddresses(t, count), command: func(_ int, program string) *exec.Cmd { return exec.Command(program) }}
}

// node is one in a process of its own.
type node struct {
	t     *testing.T
	index int
	place *place
	env   []string
	cmd   *exec.Cmd
	redis *redis.Client
	log   logtest.Buffer
}

// startNodes starts nodes that know each other, and waits until they do.
func startNodes(t *testing.T, p *place, replicas int) []*node {
	t.Helper()
	nodes := make([]*node, len(p.addresses))
	for i, address := range p.addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		nodes[i] = &node{t: t, index: i, place: p, env: []string{
			nodeAddress + "=" + address, nodePeers + "=" + strings.Join(p.addresses, ","), nodeReplicas + "=" + strconv.Itoa(replicas),
			nodeClients + "=" + net.JoinHostPort(host, "0"), nodeSecret + "=" + p.secret,
		}}
		nodes[i].start()
	}
	awaitNodes(t, nodes...)
	return nodes
}

// needEvicting leaves a test out where the engine of caches is not built in.
func needEvicting(t *testing.T) {
	t.Helper()
	if storage.DefaultEngine != storage.EngineRust {
		t.Skip("the evicting engine is not built in")
	}
}

// freeAddresses are different addresses of which the next port is free, too.
func freeAddresses(t *testing.T, count int) (addresses []string) {
	t.Helper()
	for len(addresses) < count {
		if address := porttest.Pair(t); !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// start starts the node's process, again if it was killed.
func (n *node) start() {
	n.t.Helper()
	self, err := os.Executable()
	if err != nil {
		n.t.Fatal(err)
	}
	n.cmd = n.place.command(n.index, self)
	n.cmd.Env, n.cmd.Stderr = n.env, &n.log
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	cmd := n.cmd
	n.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		n.t.Fatalf("node %d does not begin: %s", n.index, n.log.String())
	}
	n.redis = redis.NewClient(&redis.Options{
		Addr: lines.Text(), Dialer: n.place.dial, MaxRetries: -1, DisableIdentity: true,
		ReadTimeout: callTime, // so that a call that hangs shows: without, three seconds end all
	})
	client := n.redis
	n.t.Cleanup(func() { client.Close() })
}

// kill ends the node's process at once.
func (n *node) kill() {
	n.cmd.Process.Kill()
	n.cmd.Wait()
	n.redis.Close()
}

// awaitNodes waits until all nodes see each other, and no others.
func awaitNodes(t *testing.T, nodes ...*node) {
	t.Helper()
	awaitNodesWithin(t, 30*time.Second, nodes...)
}

func awaitNodesWithin(t *testing.T, most time.Duration, nodes ...*node) {
	t.Helper()
	deadline := time.Now().Add(most)
	for _, n := range nodes {
		for n.seen() != len(nodes) {
			if time.Now().After(deadline) {
				for _, n := range nodes {
					t.Errorf("node %d sees %d of %d nodes: %s", n.index, n.seen(), len(nodes), n.log.String())
				}
				t.FailNow()
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// seen is how many nodes a node sees.
func (n *node) seen() int {
	names := n.info("nodes")
	if names == "" {
		return 0
	}
	return strings.Count(names, ",") + 1
}

// info is a figure of INFO.
func (n *node) info(name string) string {
	text, err := n.redis.Info(context.Background()).Result()
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return value
		}
	}
	return ""
}
