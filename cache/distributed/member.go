package distributed

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/olric-data/olric"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
	"github.com/mantisdb/mantisdb/cache/distributed/internal/tunnel"
)

// mapName is that of Olric's map with everything in it.
const mapName = "cache"

// Times of the end.
const (
	stopWithin = 5 * time.Second // how long a node may take to leave
	look       = 10 * time.Millisecond
)

// member is Olric, running in this process.
type member struct {
	olric  *olric.Olric
	client *olric.EmbeddedClient
	tunnel *tunnel.Tunnel // nil without a secret
	sight  *sight
	keys   atomic.Pointer[olric.DMap] // nil until there are enough nodes
	failed atomic.Pointer[error]
	begun  chan struct{} // closed once Olric has begun, which takes as long as it looks for others
	ended  chan struct{}
	own    string // where Olric listens
}

// checkFree returns nil if a node can listen where it has to, which Olric tells late.
func checkFree(c *Config) error {
	gossip, err := gossipAddress(c.Address)
	if err != nil {
		return err
	}
	needed := []string{c.Address, gossip}
	if len(c.Secret) != 0 {
		address, err := parseAddress(c.Address)
		if err != nil {
			return err
		}
		needed = append(needed, tunnel.Inner(address).String())
	}
	for _, one := range needed {
		listener, err := net.Listen("tcp", one)
		if err != nil {
			return fmt.Errorf("cannot listen for other nodes: %w", err)
		}
		listener.Close()
	}
	return nil
}

// startMember starts Olric, and with a secret the tunnel before it.
func startMember(c *Config, store *fragments.Store) (m *member, err error) {
	m = &member{begun: make(chan struct{}), ended: make(chan struct{})}
	defer func() {
		if err != nil && m.tunnel != nil {
			err = errors.Join(err, m.tunnel.Close())
		}
	}()
	if m.tunnel, err = openTunnel(c); err != nil {
		return nil, err
	}
	config, err := olricConfig(c, store, m.tunnel)
	if err != nil {
		return nil, err
	}
	config.Logger = log.New(newLogWriter(c.Logger, m.begun), "", 0)
	m.own = net.JoinHostPort(config.BindAddr, strconv.Itoa(config.BindPort))
	if m.olric, err = olric.New(config); err != nil {
		return nil, err
	}
	m.client, m.sight = m.olric.NewEmbeddedClient(), newSight(config.Client)
	go func() {
		defer close(m.ended)
		if err := m.olric.Start(); err != nil {
			m.failed.Store(&err)
		}
	}()
	return m, nil
}

// err is why it has ended by itself; nil if it has not.
func (m *member) err() error {
	if failed := m.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// ready tells whether it knows who has which keys.
func (m *member) ready() bool {
	if m.keys.Load() != nil {
		return true
	}
	keys, err := m.client.NewDMap(mapName)
	if err != nil {
		return false
	}
	m.keys.Store(&keys)
	return true
}

// nodes are the addresses of those that it sees, itself included, the oldest first. It is to be
// ready.
func (m *member) nodes() []string {
	members, err := m.client.Members(context.Background())
	if err != nil {
		return nil
	}
	names := make([]string, len(members))
	for i, one := range members {
		names[i] = one.Name
		if m.tunnel != nil {
			names[i] = m.tunnel.AddressOf(one.Name)
		}
	}
	return names
}

// seen asks how many of the nodes that it sees do see it, itself included, and how many have
// answered: it waits for no more than it takes to have enough that do. It is to be ready.
func (m *member) seen(enough int) answers {
	members, err := m.client.Members(context.Background())
	if err != nil {
		return answers{}
	}
	itself := slices.IndexFunc(members, func(one olric.Member) bool { return one.Name == m.own })
	if itself < 0 {
		return answers{}
	}
	return m.sight.ask(members[itself], slices.Delete(slices.Clone(members), itself, itself+1), enough)
}

// stop ends it, and tells the others.
func (m *member) stop() error {
	m.sight.close()
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	stopped := make(chan error, 1) // Olric does not keep to ctx everywhere
	go func() {
		m.awaitBegun(ctx)
		err := m.olric.Shutdown(ctx)
		<-m.ended
		stopped <- err
	}()
	var err error
	select {
	case err = <-stopped:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if m.tunnel != nil {
		err = errors.Join(err, m.tunnel.Close())
	}
	return err
}

// awaitBegun waits until Olric has begun and its server answers. Before, it cannot be ended: it
// would go on to begin, or never come back.
func (m *member) awaitBegun(ctx context.Context) {
	select {
	case <-m.begun:
	case <-m.ended:
	case <-ctx.Done():
	}
	for !m.answers() {
		select {
		case <-m.ended:
			return
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
	}
}

// answers tells whether Olric's server replies, whatever it does.
func (m *member) answers() bool {
	conn, err := net.DialTimeout("tcp", m.own, probe)
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(probe))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}
