package mantisdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/mantisdb/mantisdb/storage"
)

// catalogReader reads the records of the system keyspace, and gathers what is to be
// cleared before the database is used.
type catalogReader struct {
	db       *DB
	snap     storage.Snapshot
	ids      map[uint32]string // of the keyspaces: their names
	greatest uint32            // of these and of those that were dropped
	clear    storage.Batch
}

// openCatalog reads the catalog. Then it empties what was dropped, since writes may have
// come after the drop, and what is of memory only. Nobody writes meanwhile.
func (db *DB) openCatalog() error {
	clear, err := db.readCatalog()
	if err != nil || clear.Len() == 0 {
		return err
	}
	// If it is lost, the next Open does it again.
	_, err = db.engine.Write(clear, storage.WriteOptions{Durability: DurabilityMemory})
	return err
}

// readCatalog reads the catalog as of one moment, and returns what is to be cleared before
// anybody writes.
func (db *DB) readCatalog() (clear *storage.Batch, err error) {
	snap, err := db.engine.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	r := catalogReader{db: db, snap: snap, ids: make(map[uint32]string)}
	if err := r.read(); err != nil {
		return nil, err
	}
	return &r.clear, r.raiseNextID()
}

// read takes all records in.
func (r *catalogReader) read() error {
	system := regionOf(systemID)
	cursor, err := r.snap.Scan(system.bounds(Range{}))
	if err != nil {
		return err
	}
	defer cursor.Close()
	for cursor.Next() {
		key := system.key(cursor.Key(), nil)
		if len(key) == 0 {
			return fmt.Errorf("%w: the system keyspace has an empty key", ErrCorrupt)
		}
		if err := r.record(key[0], key[1:], cursor.Value()); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// record takes one record in; key is that behind the tag.
func (r *catalogReader) record(tag byte, key, value []byte) error {
	c := r.db.catalog
	switch tag {
	case appliedIndexTag:
		c.indexed.Store(true)
		return nil
	case keyspaceTag:
		c.records++
		return r.keyspace(string(key), value)
	case droppedTag:
		return r.dropped(key, value)
	case nextIDTag:
		c.hasNext = true
		next, err := parseNextIDRecord(value)
		if err != nil {
			return fmt.Errorf("the catalog's record of the next id: %w", err)
		}
		c.nextID = next
		return nil
	}
	return fmt.Errorf("%w: the system keyspace has a record of an unknown kind, %q", ErrWrongFormat, tag)
}

// keyspace takes the record of a keyspace in.
func (r *catalogReader) keyspace(name string, value []byte) error {
	id, o, err := parseKeyspaceRecord(value)
	if err == nil && checkKeyspaceName(name) != nil {
		err = fmt.Errorf("%w: it is no name", ErrCorrupt)
	}
	if other, taken := r.ids[id]; err == nil && taken {
		err = fmt.Errorf("%w: its id %d is that of %q too", ErrCorrupt, id, other)
	}
	if err != nil {
		return fmt.Errorf("the catalog's record of the keyspace %q: %w", name, err)
	}
	r.ids[id] = name
	r.greatest = max(r.greatest, id)
	ks := r.db.newKeyspace(name, id, o)
	r.db.catalog.byName[name] = ks
	err = r.db.engine.SetCompression(ks.region.prefix[:], o.Compression)
	if errors.Is(err, ErrUnsupported) {
		r.db.logger.Warn("this engine has no compression for a keyspace", "keyspace", name, "compression", o.Compression)
	} else if err != nil {
		return err
	}
	if !o.MemoryOnly {
		return nil
	}
	return r.empty(id)
}

// dropped takes the mark of a dropped keyspace in, and has it removed with what is left.
func (r *catalogReader) dropped(key, value []byte) error {
	if err := checkRecord(value, 1); err != nil {
		return fmt.Errorf("the catalog's mark of a dropped keyspace: %w", err)
	}
	if len(key) != 4 || binary.BigEndian.Uint32(key) == systemID {
		return fmt.Errorf("%w: the catalog has a mark of a dropped keyspace with the id %x", ErrCorrupt, key)
	}
	id := binary.BigEndian.Uint32(key)
	r.greatest = max(r.greatest, id)
	if err := r.empty(id); err != nil {
		return err
	}
	return r.clear.Delete(droppedKey(id))
}

// empty has all removed that a keyspace holds, if it holds anything.
func (r *catalogReader) empty(id uint32) error {
	g := regionOf(id)
	bounds := g.bounds(Range{KeysOnly: true})
	cursor, err := r.snap.Scan(bounds)
	if err != nil {
		return err
	}
	defer cursor.Close()
	if cursor.Next() {
		return r.clear.DeleteRange(bounds.Start, bounds.End)
	}
	return cursor.Err()
}

// raiseNextID makes sure that the next id is one that nothing was stored under: a repair
// may have lost the record that says so, or those of keyspaces. That of a dropped keyspace
// counts too: should a crash bring its mark back, what is under the id is deleted.
func (r *catalogReader) raiseNextID() error {
	c := r.db.catalog
	first, last := regionOf(systemID+1), regionOf(math.MaxUint32)
	cursor, err := r.snap.Scan(Range{Start: first.bounds(Range{}).Start, End: last.bounds(Range{}).End, Reverse: true, KeysOnly: true})
	if err != nil {
		return err
	}
	defer cursor.Close()
	greatest := r.greatest
	if cursor.Next() {
		greatest = max(greatest, binary.BigEndian.Uint32(cursor.Key()[2:]))
	}
	if greatest >= c.nextID {
		r.db.logger.Warn("the catalog of keyspaces had lost records", "next_id", c.nextID, "greatest_id", greatest)
		c.nextID = max(greatest, greatest+1) // without wrapping around
	}
	return cursor.Err()
}
