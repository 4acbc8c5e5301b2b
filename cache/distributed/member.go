package distributed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/olric-data/olric"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
)

// mapName is that of Olric's map with everything in it.
const mapName = "cache"

// stopWithin is how long a node may take to leave.
const stopWithin = 3 * time.Second

// member is Olric, running in this process.
type member struct {
	olric  *olric.Olric
	client *olric.EmbeddedClient
	keys   atomic.Pointer[olric.DMap] // nil until there are enough nodes
	failed atomic.Pointer[error]
	ended  chan struct{}
}

// checkFree returns nil if the ports of an address can be listened at, which Olric tells late.
func checkFree(address string) error {
	gossip, err := gossipAddress(address)
	if err != nil {
		return err
	}
	for _, one := range []string{address, gossip} {
		listener, err := net.Listen("tcp", one)
		if err != nil {
			return fmt.Errorf("cannot listen for other nodes: %w", err)
		}
		listener.Close()
	}
	return nil
}

// startMember starts Olric.
func startMember(c *Config, store *fragments.Store) (*member, error) {
	config, err := olricConfig(c, store)
	if err != nil {
		return nil, err
	}
	m := &member{ended: make(chan struct{})}
	if m.olric, err = olric.New(config); err != nil {
		return nil, err
	}
	m.client = m.olric.NewEmbeddedClient()
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
	}
	return names
}

// stop ends it, and tells the others.
func (m *member) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	err := m.olric.Shutdown(ctx)
	select {
	case <-m.ended:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	return err
}
