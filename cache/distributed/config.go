package distributed

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Config says how to open a node of a cache. Address is required.
type Config struct {
	// Address is where other nodes reach this one, an IP address and a port, and what the
	// node is called. The next port is for gossip, by TCP and UDP.
	Address string
	// Peers are the addresses of the other nodes. This node's own may be among them, so that
	// all can be given the same list. A node that reaches none of them is one alone.
	Peers []string
	// Replicas is on how many nodes each key is, 1 or 2; 0 is 1. All nodes need the same.
	Replicas int
	// Quorum is how many nodes must see each other for one to answer; 0 is more than half of
	// this node and its peers if those are three or more, else 1.
	Quorum int
	// Secret is what nodes know each other by, from MinSecret bytes on. With it, all that they
	// send each other is encrypted, and nobody else gets a byte through; the node then listens
	// at an address of its own in 127.0.0.0/8 too, which Linux has without being told. Empty: none.
	Secret []byte
	// AllowInsecure lets Address be one that other machines can reach without a Secret.
	AllowInsecure bool
	// MemoryLimit is how many bytes the node's part may take, as storage.Config has it, with
	// all copies that it holds; 0 is storage.DefaultCacheLimit. Write times take up to 9 MiB
	// beside it.
	MemoryLimit uint64
	// Logger is told what happens; nil: nobody is.
	Logger *slog.Logger

	// engine is the store's, for tests: an engine's name; empty is storage.EngineCache.
	engine string
}

// MinSecret is the least length of Config.Secret, in bytes.
const MinSecret = 16

// MaxReplicas is the most Config.Replicas.
const MaxReplicas = 2

// ErrInvalidConfig is the error of a configuration that makes no sense.
var ErrInvalidConfig = errors.New("invalid configuration of a distributed cache")

// ErrPublicAddress is the error of an address that other machines can reach without a secret.
var ErrPublicAddress = errors.New("whoever reaches this address can read and write the cache")

// withDefaults checks the configuration, and is it with what was left out.
func (c Config) withDefaults() (Config, error) {
	c.Replicas = max(c.Replicas, 1)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.engine == "" {
		c.engine = storage.EngineCache
	}
	c.Peers = slices.DeleteFunc(slices.Clone(c.Peers), func(peer string) bool { return peer == c.Address })
	if nodes := len(c.Peers) + 1; c.Quorum == 0 {
		c.Quorum = 1
		if nodes >= 3 {
			c.Quorum = nodes/2 + 1
		}
	}
	switch {
	case c.Replicas > MaxReplicas:
		return c, fmt.Errorf("%w: %d replicas, of 1 or %d", ErrInvalidConfig, c.Replicas, MaxReplicas)
	case c.Quorum < 1 || c.Quorum > len(c.Peers)+1:
		return c, fmt.Errorf("%w: a quorum of %d nodes, where there are %d", ErrInvalidConfig, c.Quorum, len(c.Peers)+1)
	case len(c.Secret) != 0 && len(c.Secret) < MinSecret:
		return c, fmt.Errorf("%w: a secret of %d bytes, of at least %d", ErrInvalidConfig, len(c.Secret), MinSecret)
	}
	address, err := parseAddress(c.Address)
	if err != nil {
		return c, err
	}
	for _, peer := range c.Peers {
		if _, err := gossipAddress(peer); err != nil {
			return c, err
		}
	}
	if !address.Addr().IsLoopback() && len(c.Secret) == 0 && !c.AllowInsecure {
		return c, fmt.Errorf("%w, without a secret: %s", ErrPublicAddress, c.Address)
	}
	return c, nil
}

// patience is how long a node may fail to see others before it may have missed something.
func (c *Config) patience() time.Duration {
	if len(c.Peers) == 0 {
		return never // there is nobody who could have written meanwhile
	}
	return patience
}

// parseAddress is the address of a node. It is told to others, so it has to be one.
func parseAddress(text string) (netip.AddrPort, error) {
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		return address, fmt.Errorf("%w: the address %q is not an IP address and a port", ErrInvalidConfig, text)
	}
	if address.Addr().IsUnspecified() || address.Port() == 0 || address.Port() == 65535 {
		return address, fmt.Errorf("%w: other nodes cannot reach %s, or its next port", ErrInvalidConfig, text)
	}
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port()), nil
}

// gossipAddress is where the node at an address, which may be a name, gossips.
func gossipAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("%w: the peer %q is not host:port", ErrInvalidConfig, text)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || number == 65535 {
		return "", fmt.Errorf("%w: the peer %q has no port with a next one", ErrInvalidConfig, text)
	}
	return net.JoinHostPort(host, strconv.FormatUint(number+1, 10)), nil
}
