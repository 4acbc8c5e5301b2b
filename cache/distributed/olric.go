package distributed

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"math"
	"time"

	olricconfig "github.com/olric-data/olric/config"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
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

// olricConfig is Olric's configuration of a node.
func olricConfig(c *Config, store *fragments.Store) (*olricconfig.Config, error) {
	address, err := parseAddress(c.Address)
	if err != nil {
		return nil, err
	}
	o := olricconfig.New("lan")
	o.BindAddr, o.BindPort = address.Addr().String(), int(address.Port())
	o.ReplicaCount, o.ReadRepair, o.MemberCountQuorum = c.Replicas, c.Replicas > 1, int32(c.Quorum)
	o.ReplicationMode = olricconfig.SyncReplicationMode
	o.BootstrapTimeout = bootstrap
	o.MaxJoinAttempts, o.JoinRetryInterval = joinAttempts, joinRetry
	o.TriggerBalancerInterval, o.RoutingTablePushInterval = balance, pushTable
	o.LeaveTimeout = time.Second
	o.Logger = log.New(logWriter{c.Logger}, "", 0)
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
	return o, setGossip(c, o)
}

// setGossip configures who tells whom of the nodes.
func setGossip(c *Config, o *olricconfig.Config) error {
	m := o.MemberlistConfig
	m.BindAddr, m.BindPort, m.AdvertisePort = o.BindAddr, o.BindPort+1, o.BindPort+1
	m.ProbeInterval, m.ProbeTimeout, m.SuspicionMult = probe, probeTimeout, suspicionMult
	if len(c.Secret) == 0 {
		return nil
	}
	key, err := derive(c.Secret, "gossip")
	if err != nil {
		return err
	}
	password, err := derive(c.Secret, "password")
	if err != nil {
		return err
	}
	m.SecretKey = key
	o.Authentication = &olricconfig.Authentication{Password: hex.EncodeToString(password)}
	return nil
}

// derive is a key of 32 bytes for a use of the secret, so that one tells nothing of the other.
func derive(secret []byte, use string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "mantisdb distributed cache: "+use, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("cannot derive a key from the secret: %w", err)
	}
	return key, nil
}
