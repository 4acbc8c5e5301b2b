package cachenode_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/internal/logtest"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/cachenode"
	"github.com/mantisdb/mantisdb/storage"
)

// Variables that make the test binary be a node, in a process of its own.
const (
	nodeAddress  = "TEST_CACHE_ADDRESS"
	nodePeers    = "TEST_CACHE_PEERS"
	nodeReplicas = "TEST_CACHE_REPLICAS"
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
		MemoryLimit: memoryLimit, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
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

// node is one in a process of its own.
type node struct {
	t     *testing.T
	index int
	env   []string
	cmd   *exec.Cmd
	redis *redis.Client
	log   logtest.Buffer
}

// startNodes starts nodes that know each other, and waits until they do.
func startNodes(t *testing.T, count, replicas int) []*node {
	t.Helper()
	if storage.DefaultEngine != storage.EngineRust {
		t.Skip("the evicting engine is not built in")
	}
	addresses := freeAddresses(t, count)
	nodes := make([]*node, count)
	for i := range nodes {
		nodes[i] = &node{t: t, index: i, env: []string{
			nodeAddress + "=" + addresses[i], nodePeers + "=" + strings.Join(addresses, ","), nodeReplicas + "=" + strconv.Itoa(replicas),
		}}
		nodes[i].start()
	}
	awaitNodes(t, nodes...)
	return nodes
}

// freeAddresses are addresses of which the next port is free, too.
func freeAddresses(t *testing.T, count int) (addresses []string) {
	t.Helper()
	for tries := 0; len(addresses) < count; tries++ {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil || tries > 1000 {
			t.Fatal("no two ports in a row are free: ", err)
		}
		defer first.Close()
		port := first.Addr().(*net.TCPAddr).Port
		next, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
		if err != nil {
			continue
		}
		defer next.Close()
		addresses = append(addresses, first.Addr().String())
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
	n.cmd = exec.Command(self)
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
	n.redis = redis.NewClient(&redis.Options{Addr: lines.Text(), MaxRetries: -1, DisableIdentity: true})
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
	deadline := time.Now().Add(30 * time.Second)
	for _, n := range nodes {
		for n.seen() != len(nodes) {
			if time.Now().After(deadline) {
				t.Fatalf("node %d sees %d of %d nodes: %s", n.index, n.seen(), len(nodes), n.log.String())
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
