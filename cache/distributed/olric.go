package distributed

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	olricconfig "github.com/olric-data/olric/config"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
	"github.com/mantisdb/mantisdb/cache/distributed/internal/tunnel"
)

// Times of Olric's. Others give up a node that is gone a little after suspicion.
const (
	probe         = 500 * time.Millisecond
	probeTimeout  = 250 * time.Millisecond
	suspicionMult = 4 // times probe, as memberlist counts it
	suspicion     = suspicionMult * probe
	balance       = time.Second     // between parts of fragments that move
	pushTable     = 2 * time.Second // the table of partitions, also to whom it could not be told before
	// bootstrap is how long a node that has no table yet lets others wait. It is short, since they
	// ask for each partition, one after the other, before they tell it the table.
	bootstrap    = 10 * time.Millisecond
	joinAttempts = 4
	joinRetry    = 500 * time.Millisecond
	// call bounds a request to another node. It also keeps Olric's client from sending a write
	// that timed out once more. It is longer than a write may take to come, so that none is done
	// after it was given up.
	call = 2 * fragments.Patience
	// patience is how long a node may fail to see the others before it may have missed
	// something: it is less than it takes them to give it up.
	patience = suspicion - probe
)

// never is longer than any node lives.
const never = time.Duration(math.MaxInt64)

// olricConfig is Olric's configuration of a node, by a tunnel if there is one.
func olricConfig(c *Config, store *fragments.Store, t *tunnel.Tunnel) (*olricconfig.Config, error) {
	address, err := parseAddress(c.Address)
	if err != nil {
		return nil, err
	}
	o := olricconfig.New("lan")
	o.BindAddr, o.BindPort = address.Addr().String(), int(address.Port())
	m := o.MemberlistConfig
	m.BindAddr, m.BindPort, m.AdvertisePort = o.BindAddr, o.BindPort+1, o.BindPort+1
	m.ProbeInterval, m.ProbeTimeout, m.SuspicionMult = probe, probeTimeout, suspicionMult
	o.ReplicaCount, o.ReadRepair, o.MemberCountQuorum = c.Replicas, c.Replicas > 1, int32(c.Quorum)
	o.ReplicationMode = olricconfig.SyncReplicationMode
	o.BootstrapTimeout = bootstrap
	o.MaxJoinAttempts, o.JoinRetryInterval = joinAttempts, joinRetry
	o.TriggerBalancerInterval, o.RoutingTablePushInterval = balance, pushTable
	o.LeaveTimeout = time.Second
	o.LogLevel, o.LogVerbosity = olricconfig.LogLevelInfo, 2
	o.DMaps = &olricconfig.DMaps{
		Engine:                    &olricconfig.Engine{Implementation: store.Prototype()},
		TriggerCompactionInterval: never,
		NumEvictionWorkers:        1,
	}
	o.Client.DialTimeout, o.Client.ReadTimeout, o.Client.WriteTimeout = probe, call, call
	o.Client.MaxRetries = 1 // the least that it takes
	for _, peer := range c.Peers {
		gossip, err := gossipAddress(peer)
		if err != nil {
			return nil, err
		}
		o.Peers = append(o.Peers, gossip)
	}
	if t == nil {
		return o, nil
	}
	return o, secure(c, o, t)
}

// openTunnel opens the tunnel of a node; nil if it has no secret.
func openTunnel(c *Config) (*tunnel.Tunnel, error) {
	if len(c.Secret) == 0 {
		return nil, nil
	}
	address, err := parseAddress(c.Address)
	if err != nil {
		return nil, err
	}
	seed, err := derive(c.Secret, "tunnel", tunnel.SeedLen)
	if err != nil {
		return nil, err
	}
	return tunnel.Listen(address, seed, c.Logger)
}

// secure has nodes know each other by the secret: in gossip, in what they send each other by the
// tunnel, and at Olric's own port, which other programs of the machine can reach.
func secure(c *Config, o *olricconfig.Config, t *tunnel.Tunnel) error {
	const keyLen = 32 // AES-256 for gossip
	key, err := derive(c.Secret, "gossip", keyLen)
	if err != nil {
		return err
	}
	password, err := derive(c.Secret, "password", keyLen)
	if err != nil {
		return err
	}
	o.MemberlistConfig.SecretKey, o.MemberlistConfig.Alive = key, t
	o.Authentication = &olricconfig.Authentication{Password: hex.EncodeToString(password)}
	o.BindAddr, o.Client.Dialer = t.OlricAt().Addr().String(), t.Dial
	return nil
}

// derive is a key for a use of the secret, so that one tells nothing of the other.
func derive(secret []byte, use string, length int) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "mantisdb distributed cache: "+use, length)
	if err != nil {
		return nil, fmt.Errorf("cannot derive a key from the secret: %w", err)
	}
	return key, nil
}
