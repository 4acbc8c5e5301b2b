package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb/cluster/node"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/clientmemory"
	"github.com/mantisdb/mantisdb/server/figures"
	httpapi "github.com/mantisdb/mantisdb/server/http"
	"github.com/mantisdb/mantisdb/server/metrics"
	"github.com/mantisdb/mantisdb/server/redis"
	"github.com/mantisdb/mantisdb/server/sharded"
)

// leaveWithin is how long a node that ends may take to hand what it leads to others.
const leaveWithin = 5 * time.Second

// learnWithin is how long it serves on when it has: clients that know the cluster, which it sends to
// the others, learn of them meanwhile, and do not have to find it gone.
const learnWithin = time.Second

// runNode serves a node of a cluster on the listeners until ctx is done.
func (f *serveFlags) runNode(ctx context.Context, listeners []*server.Listener, users *acl.List, certificate *tls.Config, logger *slog.Logger) error {
	config, err := f.nodeConfig(listeners[0], logger)
	if err != nil {
		return err
	}
	ports := nodePorts{clients: listeners}
	if f.node.redisPort != noPort {
		if ports.redis, err = f.listenRedisCluster(ctx); err != nil {
			return err
		}
		defer ports.redis.Close()
		ports.clients = append(ports.clients, ports.redis)
		if config.Self.Redis, err = f.node.redisAddress(config.Self.Client, ports.redis.Addr()); err != nil {
			return err
		}
	}
	addProcessor()
	n, err := node.Open(ctx, config)
	switch {
	case err != nil && ctx.Err() != nil: // told to end while it waited for others
		return nil
	case err != nil:
		return err
	}
	defer n.Close()
	if ports.peers, err = listenPeer(ctx, config.Self.Peer); err != nil {
		return err
	}
	defer ports.peers.Close()
	return f.serveNode(ctx, n, config, ports, users, certificate, logger)
}

// nodePorts are where a node listens.
type nodePorts struct {
	clients []*server.Listener // all for clients
	redis   *server.Listener   // of those, the one for clients that know Redis Cluster, if there is one
	peers   *server.Listener
}

// listenRedisCluster opens the port for clients that know Redis Cluster.
func (f *serveFlags) listenRedisCluster(ctx context.Context) (*server.Listener, error) {
	address := f.address
	address.Port = f.node.redisPort
	l, err := server.Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	l.RedisOnly = true
	return l, nil
}

// redisAddress is the address of that port as clients are told it.
func (f *nodeFlags) redisAddress(client string, listens net.Addr) (string, error) {
	if f.redisAdvertised != "" {
		return f.redisAdvertised, nil
	}
	host, _, err := net.SplitHostPort(client)
	if err != nil {
		return "", usageError{fmt.Errorf("--cluster-client-address %q: %w", client, err)}
	}
	_, port, err := net.SplitHostPort(listens.String())
	return net.JoinHostPort(host, port), err
}

// nodeConfig is the configuration of the node with what the server has beside.
func (f *serveFlags) nodeConfig(first *server.Listener, logger *slog.Logger) (node.Config, error) {
	config, err := f.node.config(logger)
	if err != nil {
		return config, err
	}
	if f.isCache() {
		return config, usageError{errors.New("--engine=cache and --cluster-node exclude each other: a node keeps its data")}
	}
	if f.dataDir == "" {
		return config, usageError{errors.New("a node of a cluster needs --data-dir")}
	}
	config.Dir, config.Engine, config.MemoryLimit, config.Logger = f.dataDir, f.engine.value, f.memoryLimit.n, logger
	config.Self.Client = f.node.advertised
	if config.Self.Client == "" {
		config.Self.Client = first.Addr().String()
	}
	return config, nil
}

// listenPeer opens the port for other nodes. Who they are is for certificates to tell.
func listenPeer(ctx context.Context, address string) (*server.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the peer address %q: %w", address, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("the port of the peer address %q is no number", address)
	}
	return server.Listen(ctx, server.Address{Bind: host, Port: number, AllowPublic: true})
}

// serveNode serves clients and other nodes.
func (f *serveFlags) serveNode(ctx context.Context, n *node.Node, config node.Config, ports nodePorts, users *acl.List, certificate *tls.Config, logger *slog.Logger) error {
	about := httpapi.About{Version: versionNumber(), Engine: f.engine.value, Go: runtime.Version()}
	dial := dialPeers(config.TLS)
	store := sharded.New(n, n.ClusterNumber(), dial)
	defer store.Close()
	all := figures.NewCollector(about.Version, store).WithDir(f.dataDir)
	history := figures.NewHistory(all)
	page, err := builtDashboard()
	if err != nil {
		return err
	}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	f.limits.ClientMemory = int64(f.clientMemory.n)
	redisServer, err := redis.New(redis.Config{
		Cluster: n, ClusterNumber: n.ClusterNumber(), EnsureKeyspace: store.EnsureKeyspace,
		DialPeer: func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, "tcp", address) },
		Users:    users, Limits: f.limits, Logger: logger, Figures: all,
		Quit: quit, EnableDebug: f.redisDebug,
	})
	if err != nil {
		return err
	}
	if ports.redis != nil {
		ports.redis.ServeRedis = redisServer.ServeClusterConn
	}
	handler := httpapi.NewClusterHandler(store, logger, about).WithUsers(users).WithFigures(all).WithHistory(history).
		WithMetrics(metrics.NewHandler(all, logger)).WithControl(redisServer, f.told).WithDashboard(page).
		WithClientMemory(clientmemory.NewPool(f.limits.ClientMemory)).WithAdministrator(n)
	mux := http.NewServeMux()
	n.Register(mux)
	mux.Handle(sharded.PeerPrefix, n.ForOwn(handler.Peer()))
	clients := server.New(server.Config{
		HTTP: handler, Redis: redisServer, TLS: certificate, Logger: logger,
		ShutdownTimeout: f.shutdownTimeout, EndStreams: handler.EndStreams,
	})
	peers := server.New(server.Config{
		HTTP: http.NewCrossOriginProtection().Handler(mux), Redis: peerRedis{redisServer}, TLS: config.TLS, Logger: logger, ShutdownTimeout: f.shutdownTimeout,
	})
	all.Add(clients.AddFigures)
	defer history.Start()()
	f.announce(logger, ports.clients, about, users)
	logger.Info("node of a cluster", "node", config.Self.ID, "cluster", n.ClusterNumber(), "peer_address", ports.peers.Addr().String(), "shards", len(n.Topology().Shards))
	tellSystemd(ctx, logger)
	return serveBoth(ctx, n, func(ctx context.Context) error { return clients.Serve(ctx, ports.clients...) },
		func(ctx context.Context) error { return peers.Serve(ctx, ports.peers) })
}

// serveBoth serves clients and peers until ctx is done. Then the node first hands what it leads to
// others, whom clients are passed on to meanwhile, and serves its peers to the end.
func serveBoth(ctx context.Context, n *node.Node, clients, peers func(context.Context) error) error {
	clientsEnd, endClients := context.WithCancel(context.Background())
	defer endClients()
	peersEnd, endPeers := context.WithCancel(context.Background())
	defer endPeers()
	clientsDone, peersDone := make(chan error, 1), make(chan error, 1)
	go func() { clientsDone <- clients(clientsEnd) }()
	go func() { peersDone <- peers(peersEnd) }()
	var all error
	select {
	case <-ctx.Done():
		leaving, cancel := context.WithTimeout(context.Background(), leaveWithin)
		n.Leave(leaving)
		cancel()
		time.Sleep(learnWithin)
		endClients()
		all = <-clientsDone
		endPeers()
		return errors.Join(all, <-peersDone)
	case all = <-clientsDone:
		endPeers()
		return errors.Join(all, <-peersDone)
	case all = <-peersDone:
		endClients()
		return errors.Join(all, <-clientsDone)
	}
}

// dialPeers reaches the peer ports of other nodes.
func dialPeers(config *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	if config == nil {
		return dialer.DialContext
	}
	return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext
}

// peerRedis answers other nodes.
type peerRedis struct{ *redis.Server }

// ServeConn implements server.RedisServer.
func (p peerRedis) ServeConn(conn net.Conn) { p.ServePeer(conn) }

// Shutdown implements server.RedisServer: the server of clients, which ends first, has ended them.
func (p peerRedis) Shutdown(context.Context) error { return nil }
