package redis

import (
	"encoding/json"
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
type databases struct {
	db Database
	// opened is told of each keyspace that was made, in any goroutine. It is set before
	// there are clients.
	opened func(*mantisdb.Keyspace)

	mu    sync.Mutex // of changes
	spots [databaseCount]atomic.Pointer[mantisdb.Keyspace]
	order [databaseCount]int // of a number, that of its keyspace
}

func openDatabases(db Database) (*databases, error) {
	d := &databases{db: db, opened: func(*mantisdb.Keyspace) {}}
	for i := range d.order {
		d.order[i] = i
	}
	if err := d.loadOrder(); err != nil {
		return nil, err
	}
	for i, home := range d.order {
		ks, err := d.existing(home)
		if err != nil {
			return nil, err
		}
		d.spots[i].Store(ks)
	}
	return d, nil
}

// existing is a keyspace by its own number, nil if it was never made.
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
func (d *databases) at(number int) *mantisdb.Keyspace { return d.spots[number].Load() }

// open is the keyspace of a number, which is made if need be.
func (d *databases) open(number int) (*mantisdb.Keyspace, error) {
	if ks := d.at(number); ks != nil {
		return ks, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if ks := d.at(number); ks != nil {
		return ks, nil
	}
	ks, err := d.db.CreateKeyspace(keyspaceName(d.order[number]), mantisdb.KeyspaceOptions{})
	if errors.Is(err, mantisdb.ErrKeyspaceExists) {
		ks, err = d.db.Keyspace(keyspaceName(d.order[number]))
	}
	if err != nil {
		return nil, err
	}
	d.spots[number].Store(ks)
	d.opened(ks)
	return ks, nil
}

// swap exchanges two databases, for all clients at once.
func (d *databases) swap(a, b int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	order := d.order
	order[a], order[b] = order[b], order[a]
	if err := d.saveOrder(order); err != nil {
		return err
	}
	d.order = order
	first, second := d.spots[a].Load(), d.spots[b].Load()
	d.spots[a].Store(second)
	d.spots[b].Store(first)
	return nil
}

func (d *databases) loadOrder() error {
	ks, err := d.db.Keyspace(stateKeyspace)
	if errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	stored, err := ks.Get([]byte(orderKey))
	if errors.Is(err, mantisdb.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var order []int
	if err := json.Unmarshal(stored, &order); err != nil || !isPermutation(order) {
		return fmt.Errorf("the value of %q in the keyspace %q is not an order of %d databases: delete it to have them in their own", orderKey, stateKeyspace, databaseCount)
	}
	copy(d.order[:], order)
	return nil
}

func (d *databases) saveOrder(order [databaseCount]int) error {
	ks, err := d.db.Keyspace(stateKeyspace)
	if errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		ks, err = d.db.CreateKeyspace(stateKeyspace, mantisdb.KeyspaceOptions{})
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	return ks.Put([]byte(orderKey), text)
}

// isPermutation tells whether each database has its place once.
func isPermutation(order []int) bool {
	var seen [databaseCount]bool
	for _, home := range order {
		if home < 0 || home >= databaseCount || seen[home] {
			return false
		}
		seen[home] = true
	}
	return len(order) == databaseCount
}
