package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/node"
)

// nodeFlags say which node of which cluster a server is.
type nodeFlags struct {
	id                        uint64
	peers, join               []string
	address, advertised, zone string
	redisPort                 int
	redisAdvertised           string
	shards                    int
	certFile, keyFile, caFile string
	allowInsecure             bool
	leases                    bool
}

func (f *nodeFlags) add(flags *pflag.FlagSet) {
	flags.Uint64Var(&f.id, "cluster-node", 0, "number of this node in its cluster, from 1 on, unique for ever; without it, the server is no node of a cluster")
	flags.StringSliceVar(&f.peers, "cluster-peers", nil, "peer addresses of the nodes that make the cluster, the same on all of them, as 1=10.0.0.1:7000,2=10.0.0.2:7000,3=10.0.0.3:7000; counts at the first start")
	flags.StringSliceVar(&f.join, "cluster-join", nil, "peer addresses of nodes of the cluster that this one joins, instead of --cluster-peers")
	flags.StringVar(&f.address, "cluster-address", "", "address of this node for other nodes, as 10.0.0.1:7000; its consensus listens at the next port; from --cluster-peers if it is there")
	flags.StringVar(&f.advertised, "cluster-client-address", "", "address of this node for clients, as they are told it; without it, --bind and --port")
	flags.IntVar(&f.redisPort, "cluster-redis-port", noPort, "port for clients that know Redis Cluster, at --bind, and that they are told by CLUSTER SLOTS: there a client is sent to the node that serves a key; 0 picks a free one; without it, they use --port, where any node passes commands on")
	flags.StringVar(&f.redisAdvertised, "cluster-redis-address", "", "address of that port, as clients are told it; without it, the host of --cluster-client-address or --bind, and the port")
	flags.StringVar(&f.zone, "cluster-zone", "", "what fails together with this node, as a rack; replicas of a shard are in different ones if there are enough")
	flags.IntVar(&f.shards, "cluster-shards", node.DefaultShards, "how many shards the cluster has, for ever; counts when it is made")
	flags.BoolVar(&f.leases, "cluster-leases", true, "read by leases, for as long as the group of a shard confirmed its leader lately; without, each read asks the group: for machines whose clocks may run at a fifth more or less than each other's, or stand still while a program goes on")
	flags.StringVar(&f.certFile, "cluster-cert", "", "file of the certificate (PEM) that this node shows other nodes")
	flags.StringVar(&f.keyFile, "cluster-key", "", "file of that certificate's key (PEM)")
	flags.StringVar(&f.caFile, "cluster-ca", "", "file of the certificate (PEM) that those of all nodes are issued by: whoever has one is let in as a node")
	flags.BoolVar(&f.allowInsecure, "cluster-allow-insecure", false, "let --cluster-address be one that other machines can reach, without certificates: whoever reaches it can do everything")
}

// isNode tells whether the server is a node of a cluster.
func (f *nodeFlags) isNode() bool { return f.id != 0 }

// check finds what makes no sense.
func (f *nodeFlags) check() error {
	if !f.isNode() {
		if len(f.peers) > 0 || len(f.join) > 0 || f.address != "" || f.redisPort != noPort {
			return usageError{errors.New("--cluster-peers, --cluster-join, --cluster-address and --cluster-redis-port need --cluster-node, the number of this node")}
		}
		return nil
	}
	if f.shards < 1 || f.shards > cluster.SlotCount {
		return usageError{fmt.Errorf("--cluster-shards is %d: a cluster has between 1 and %d", f.shards, cluster.SlotCount)}
	}
	given := 0
	for _, file := range []string{f.certFile, f.keyFile, f.caFile} {
		if file != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		return usageError{errors.New("--cluster-cert, --cluster-key and --cluster-ca go together")}
	}
	return nil
}

// config is the configuration of the node; what a server has beside is not in it yet.
func (f *nodeFlags) config(logger *slog.Logger) (c node.Config, err error) {
	c = node.Config{
		Self:   cluster.Node{ID: cluster.NodeID(f.id), Peer: f.address, Zone: f.zone, Version: versionNumber()},
		Join:   f.join,
		Shards: f.shards, NoLeases: !f.leases,
	}
	if c.First, err = parsePeers(f.peers); err != nil {
		return c, usageError{fmt.Errorf("--cluster-peers: %w", err)}
	}
	if c.Self.Peer == "" {
		c.Self.Peer = c.First[c.Self.ID]
	}
	if c.Self.Peer == "" {
		return c, usageError{errors.New("a node of a cluster needs --cluster-address, where other nodes reach it")}
	}
	if c.Self.Raft, err = node.RaftAddress(c.Self.Peer); err != nil {
		return c, usageError{err}
	}
	if f.certFile == "" && !f.allowInsecure && !isLoopbackAddress(c.Self.Peer) {
		return c, usageError{fmt.Errorf("other machines can reach %s, and whoever does is taken for a node: give --cluster-cert, --cluster-key and --cluster-ca, or --cluster-allow-insecure to do without", c.Self.Peer)}
	}
	if f.certFile != "" {
		c.TLS, err = nodeTLS(f.certFile, f.keyFile, f.caFile, c.Self.Peer, logger)
	}
	return c, err
}

// parsePeers reads the addresses of nodes by number.
func parsePeers(list []string) (map[cluster.NodeID]string, error) {
	peers := make(map[cluster.NodeID]string, len(list))
	for _, one := range list {
		number, address, found := strings.Cut(one, "=")
		id, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
		if !found || err != nil || id == 0 {
			return nil, fmt.Errorf("%q is not of the form number=host:port", one)
		}
		if _, twice := peers[cluster.NodeID(id)]; twice {
			return nil, fmt.Errorf("node %d is there twice", id)
		}
		peers[cluster.NodeID(id)] = strings.TrimSpace(address)
	}
	return peers, nil
}

func isLoopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
