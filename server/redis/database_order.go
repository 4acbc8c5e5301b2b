package redis

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mantisdb/mantisdb"
)

// SWAPDB is a write like any other: of the order, in the transaction of the command or of
// EXEC. The commands after it in the same EXEC see the databases swapped, as others do
// once it is committed; if it is not, nothing has changed. What keeps the order in memory
// reads it anew then. A command that others run at that very moment may still be served
// by the order of before.

// orderIn is the order that a transaction sees. That it was read is noted, so that a
// transaction is run anew if the databases are swapped before it commits.
func (d *databases) orderIn(tx *mantisdb.Tx) (*order, error) {
	state := d.state.Load()
	if state == nil {
		return d.order.Load(), nil
	}
	stored, err := tx.In(state).Get([]byte(orderKey))
	return orderOf(stored, err)
}

// orderOf is an order as it is stored. Without one, each database has its own number.
func orderOf(stored []byte, err error) (*order, error) {
	o := new(order)
	switch {
	case errors.Is(err, mantisdb.ErrNotFound):
		for i := range o {
			o[i] = i
		}
		return o, nil
	case err != nil:
		return nil, err
	}
	var homes []int
	if err := json.Unmarshal(stored, &homes); err != nil || !isPermutation(homes) {
		return nil, fmt.Errorf("the value of %q in the keyspace %q is not an order of %d databases: delete it to have them in their own", orderKey, stateKeyspace, databaseCount)
	}
	copy(o[:], homes)
	return o, nil
}

// isPermutation tells whether each database has its place once.
func isPermutation(homes []int) bool {
	var seen [databaseCount]bool
	for _, home := range homes {
		if home < 0 || home >= databaseCount || seen[home] {
			return false
		}
		seen[home] = true
	}
	return len(homes) == databaseCount
}

// write stores the order in a transaction.
func (d *databases) write(tx *mantisdb.Tx, o *order) error {
	state, err := d.openState()
	if err != nil {
		return err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return tx.In(state).Put([]byte(orderKey), text)
}

// openState is where the order is stored, which is made if need be.
func (d *databases) openState() (*mantisdb.Keyspace, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state, err := d.made(stateKeyspace)
	if err != nil {
		return nil, err
	}
	d.state.Store(state)
	return state, nil
}

// refresh has all clients see the order that is stored.
func (d *databases) refresh() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reload()
}

// reload is refresh with mu.
func (d *databases) reload() error {
	stored, err := []byte(nil), error(mantisdb.ErrNotFound)
	if state := d.state.Load(); state != nil {
		stored, err = state.Get([]byte(orderKey))
	}
	o, err := orderOf(stored, err)
	if err == nil {
		d.order.Store(o)
	}
	return err
}
