package mantisdb

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/storage"
)

// catalog is the keyspaces of a database that have names. What it holds is what its
// records in the system keyspace say; they are written first.
type catalog struct {
	mu      sync.RWMutex
	byName  map[string]*Keyspace
	nextID  uint32
	hasNext bool   // whether nextID has a record
	records uint64 // of keyspaces that are there or were dropped since Open
	closed  bool

	indexed atomic.Bool // whether there is an applied index
}

func newCatalog() *catalog {
	return &catalog{byName: make(map[string]*Keyspace), nextID: systemID + 1}
}

// CreateKeyspace makes a keyspace, which is on disk when it returns. Its name has 1 to
// MaxKeyspaceNameLen bytes of UTF-8 without control characters, and is neither "." nor
// "..". If there is one of that name, it is ErrKeyspaceExists.
func (db *DB) CreateKeyspace(name string, o KeyspaceOptions) (*Keyspace, error) {
	if err := checkKeyspaceName(name); err != nil {
		return nil, err
	}
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	c := db.catalog
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.byName[name] != nil:
		return nil, cmp.Or(db.confirm(), fmt.Errorf("%w: %q", ErrKeyspaceExists, name))
	case c.nextID == math.MaxUint32:
		return nil, fmt.Errorf("%w: no more keyspaces can be created", ErrUnsupported)
	}
	// Of an id that is then not given, it means nothing.
	g := regionOf(c.nextID)
	if err := db.engine.SetCompression(g.prefix[:], o.Compression); err != nil {
		return nil, err
	}
	var b storage.Batch
	err = b.Put(keyspaceKey(name), appendKeyspaceRecord(nil, c.nextID, o), 0)
	if err == nil {
		err = b.Put(systemKey(nextIDTag, nil), appendNextIDRecord(nil, c.nextID+1), 0)
	}
	if err == nil {
		err = db.writeCatalog(&b)
	}
	if err != nil {
		return nil, err
	}
	ks := db.newKeyspace(name, c.nextID, o)
	c.byName[name] = ks
	c.nextID++
	c.records++
	c.hasNext = true
	return ks, nil
}

// Keyspace returns the keyspace of a name, or ErrKeyspaceNotFound. It is the same
// pointer each time.
func (db *DB) Keyspace(name string) (*Keyspace, error) {
	c := db.catalog
	c.mu.RLock()
	ks, closed := c.byName[name], c.closed
	c.mu.RUnlock()
	switch {
	case closed:
		return nil, ErrClosed
	case ks == nil:
		return nil, cmp.Or(db.confirm(), fmt.Errorf("%w: %q", ErrKeyspaceNotFound, name))
	}
	return ks, nil
}

// confirm returns nil if what was answered from the catalog alone, before the call, is right: if the
// engine still answers. That of a replicated shard does not once another one has led it, which may have
// changed the catalog.
func (db *DB) confirm() error {
	_, err := db.engine.Has(systemKey(nextIDTag, nil))
	return err
}

// DefaultKeyspace returns the keyspace that DB's own methods read and write. It has no
// name and cannot be dropped.
func (db *DB) DefaultKeyspace() *Keyspace { return db.main }

// Keyspaces lists the keyspaces by name, without the default one.
func (db *DB) Keyspaces() ([]KeyspaceInfo, error) {
	infos, err := db.catalog.infos()
	if err == nil {
		err = db.confirm()
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(infos, func(a, b KeyspaceInfo) int { return cmp.Compare(a.Name, b.Name) })
	return infos, nil
}

// infos are the keyspaces, in no order.
func (c *catalog) infos() ([]KeyspaceInfo, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, ErrClosed
	}
	infos := make([]KeyspaceInfo, 0, len(c.byName))
	for name, ks := range c.byName {
		infos = append(infos, KeyspaceInfo{Name: name, Options: ks.options})
	}
	return infos, nil
}

// DropKeyspace removes the keyspace of a name and all that it holds, in the time of one
// write; the space comes back later, by itself. It is on disk when it returns. A
// keyspace that is created under that name is another one. Without one of that name, it
// is ErrKeyspaceNotFound. While it is under way, calls already return
// ErrKeyspaceDropped; should it fail, the keyspace is there as before.
func (db *DB) DropKeyspace(name string) error {
	c := db.catalog
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	ks := c.byName[name]
	if ks == nil {
		return cmp.Or(db.confirm(), fmt.Errorf("%w: %q", ErrKeyspaceNotFound, name))
	}
	id := ks.ID()
	var b storage.Batch
	err := b.Delete(keyspaceKey(name))
	if err == nil {
		// A write that began before may come after this one. So the mark stays until
		// the database is opened again.
		err = b.Put(droppedKey(id), []byte{recordVersion}, 0)
	}
	if err == nil {
		err = deleteAll(&b, id)
	}
	if err != nil {
		return err
	}
	// First, since the batch takes long to be on disk, and is visible before.
	ks.dropped.Store(true)
	if err := db.writeCatalog(&b); err != nil {
		ks.dropped.Store(false)
		return err
	}
	delete(c.byName, name)
	// The id is not given again, so the rule would only be in the way.
	_ = db.engine.SetCompression(ks.region.prefix[:], CompressionDefault)
	return nil
}

// writeCatalog writes a change of the catalog. It is on disk before anything else may
// depend on it, whatever the database's level: an id that a crash took back would be
// given to another keyspace, which would then have the data of this one.
func (db *DB) writeCatalog(b *storage.Batch) error {
	_, err := db.engine.Write(b, storage.WriteOptions{Durability: DurabilitySync})
	return err
}

// deleteAll adds the deletion of all that a keyspace holds.
func deleteAll(b *storage.Batch, id uint32) error {
	g := regionOf(id)
	r := g.bounds(Range{})
	return b.DeleteRange(r.Start, r.End)
}

func (db *DB) newKeyspace(name string, id uint32, o KeyspaceOptions) *Keyspace {
	return &Keyspace{db: db, engine: db.engine, region: regionOf(id), options: o, name: name}
}

// keys is how many keys the system keyspace has.
func (c *catalog) keys() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := c.records
	if c.hasNext {
		n++
	}
	if c.indexed.Load() {
		n++
	}
	return n
}

func (c *catalog) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}
