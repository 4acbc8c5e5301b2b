package redis

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
)

// databaseCount is how many numbered databases there are, as in Redis unless it is
// configured otherwise.
const databaseCount = 16

// The order of the databases, once SWAPDB has changed it, is a value of a keyspace of its
// own.
const (
	stateKeyspace = "redis"
	orderKey      = "databases"
)

// databases are the numbered ones. Number 0 is the default keyspace, which HTTP serves
// without a name; number n is the keyspace redis-n, made when it is first selected.
// SWAPDB changes which number has which of these, for good.
//
// A keyspace goes by its own number, its home, which never changes. The order is one
// value, so that a swap is seen by all clients at once, and whole.
type databases struct {
	db Database
	// opened is told of each keyspace that was made, in any goroutine. It is set before
	// there are clients.
	opened func(*mantisdb.Keyspace)
	// spread has all shards of the cluster have a keyspace, of which this is one; nil without a cluster, or for
	// reads alone. Until it has, a keyspace that is here may be in no backup.
	spread   func(name string) error
	spreadTo [databaseCount]atomic.Bool // homes for which it has

	mu    sync.Mutex // of what is made, and of refresh
	homes [databaseCount]atomic.Pointer[mantisdb.Keyspace]
	order atomic.Pointer[order]
	state atomic.Pointer[mantisdb.Keyspace] // where the order is stored; nil if it never changed
}

// order is the home of each number's keyspace. It is not changed once it is shared.
type order [databaseCount]int

func openDatabases(db Database, spread func(name string) error) (*databases, error) {
	d := &databases{db: db, opened: func(*mantisdb.Keyspace) {}, spread: spread}
	for home := range d.homes {
		ks, err := d.existing(home)
		if err != nil {
			return nil, err
		}
		d.homes[home].Store(ks)
	}
	state, err := db.Keyspace(stateKeyspace)
	if err != nil && !errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		return nil, err
	}
	d.state.Store(state)
	if err := d.refresh(); err != nil {
		return nil, err
	}
	// Clients begin there without having selected it.
	_, err = d.open(0)
	return d, err
}

// existing is a keyspace by its home, nil if it was never made.
func (d *databases) existing(home int) (*mantisdb.Keyspace, error) {
	if home == 0 {
		return d.db.DefaultKeyspace(), nil
	}
	ks, err := d.db.Keyspace(keyspaceName(home))
	if errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		return nil, nil
	}
	return ks, err
}

func keyspaceName(home int) string { return fmt.Sprintf("redis-%d", home) }

// at is the keyspace of a number, nil if nobody has selected it yet.
func (d *databases) at(number int) *mantisdb.Keyspace { return d.in(d.order.Load(), number) }

// in is at in a certain order.
func (d *databases) in(o *order, number int) *mantisdb.Keyspace { return d.homes[o[number]].Load() }

// open is the keyspace of a number, which is made if need be.
func (d *databases) open(number int) (*mantisdb.Keyspace, error) {
	return d.openIn(d.order.Load(), number)
}

// openIn is open in a certain order.
func (d *databases) openIn(o *order, number int) (*mantisdb.Keyspace, error) {
	home := o[number]
	if ks := d.ready(home); ks != nil {
		return ks, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if ks := d.ready(home); ks != nil {
		return ks, nil
	}
	return d.make(home)
}

// ready is a keyspace by its home that clients may use, nil if there is none yet.
func (d *databases) ready(home int) *mantisdb.Keyspace {
	if d.spread != nil && home != 0 && !d.spreadTo[home].Load() {
		return nil
	}
	return d.homes[home].Load()
}

// make has a keyspace be there, by its home. It is called with mu.
func (d *databases) make(home int) (*mantisdb.Keyspace, error) {
	name := keyspaceName(home)
	if d.spread != nil {
		if err := d.spread(name); err != nil {
			return nil, err
		}
	}
	ks, err := d.made(name)
	if err != nil {
		return nil, err
	}
	if d.homes[home].Swap(ks) != ks {
		d.opened(ks)
	}
	d.spreadTo[home].Store(true)
	return ks, nil
}

// made is a keyspace, which is created if there is none of that name.
func (d *databases) made(name string) (*mantisdb.Keyspace, error) {
	ks, err := d.db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
	if errors.Is(err, mantisdb.ErrKeyspaceExists) {
		return d.db.Keyspace(name)
	}
	return ks, err
}

// renew makes the keyspaces anew that were dropped, as can be done over HTTP: clients may
// have selected them. They are empty then. If that of the order was dropped, each database
// has its own number again.
func (d *databases) renew() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for home := 1; home < databaseCount; home++ {
		if d.homes[home].Load() == nil {
			continue
		}
		if _, err := d.make(home); err != nil {
			return err
		}
	}
	state, err := d.db.Keyspace(stateKeyspace)
	if err != nil && !errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		return err
	}
	d.state.Store(state)
	return d.reload()
}
