package fragments

import (
	"encoding/binary"
	"errors"
	"log"
	"time"

	olric "github.com/olric-data/olric/pkg/storage"

	"github.com/mantisdb/mantisdb/storage"
)

// Fragment is what a node has of a partition: an engine as Olric has them. Olric holds a
// lock of the fragment's during each call, to read or to write.
type Fragment struct {
	store *Store
	id    uint32 // what its keys in the store begin with
	era   uint64 // of the store, in which it is valid
	times *writeTimes
	// owned tells that this is what the partition's owner has: a backup does not answer for
	// what it does not have.
	owned     bool
	importing bool
	arriving  arrival // the transfer of which the last part came
	offered   offer   // the part that was sent last, until the other node says that it has it
	used      bool    // something was stored since it was empty
	destroyed bool
}

var _ olric.Engine = (*Fragment)(nil)

// errDestroyed is the error of a write that comes while Olric gives a fragment up.
var errDestroyed = errors.New("the fragment is gone: try again")

// Prototype is the engine that Olric is configured with, of which it makes all others.
func (s *Store) Prototype() *Fragment { return &Fragment{store: s, era: s.check()} }

// Fork implements olric.Engine.
func (f *Fragment) Fork(*olric.Config) (olric.Engine, error) {
	return &Fragment{store: f.store, era: f.store.check(), id: f.store.lastID.Add(1)}, nil
}

// Name implements olric.Engine.
func (f *Fragment) Name() string { return "mantisdb" }

// SetConfig implements olric.Engine: there is nothing to configure.
func (f *Fragment) SetConfig(*olric.Config) {}

// SetLogger implements olric.Engine: there is nothing to log.
func (f *Fragment) SetLogger(*log.Logger) {}

// Start implements olric.Engine.
func (f *Fragment) Start() error { return nil }

// NewEntry implements olric.Engine.
func (f *Fragment) NewEntry() olric.Entry { return &Entry{store: f.store} }

// keyLen is the length of a fragment's number and a hash.
const keyLen = 12

// key is that of a hash in the store.
func (f *Fragment) key(hkey uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(make([]byte, 0, keyLen), f.id), hkey)
}

// all is the range of the fragment's keys in the store.
func (f *Fragment) all() storage.Range {
	return storage.Prefix(binary.BigEndian.AppendUint32(nil, f.id))
}

// stored is what the fragment has of a hash; nil if nothing.
func (f *Fragment) stored(hkey uint64) (*Entry, error) {
	key := f.key(hkey)
	if f.era != f.store.check() || f.offered.hides(key, f.store.patience) {
		return nil, nil
	}
	data, err := f.store.engine.AppendGet(nil, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := &Entry{store: f.store}
	e.Decode(data)
	return e, nil
}

// Get implements olric.Engine. Of what the partition's owner does not have, it tells that it
// was removed before the newest write of its class; see the package's documentation.
func (f *Fragment) Get(hkey uint64) (olric.Entry, error) {
	e, err := f.stored(hkey)
	if err != nil {
		return nil, err
	}
	if e != nil {
		return e, nil
	}
	if newest := f.times.of(hkey); newest != 0 && f.owned {
		// Another node's entry of that very time is the newest itself.
		return &Entry{store: f.store, time: newest - 1}, nil
	}
	return nil, olric.ErrKeyNotFound
}

// GetRaw implements olric.Engine.
func (f *Fragment) GetRaw(hkey uint64) ([]byte, error) {
	e, err := f.Get(hkey)
	if err != nil {
		return nil, err
	}
	return e.Encode(), nil
}

// live is what is stored under a hash, or olric.ErrKeyNotFound.
func (f *Fragment) live(hkey uint64) (*Entry, error) {
	e, err := f.stored(hkey)
	if err == nil && e == nil {
		err = olric.ErrKeyNotFound
	}
	return e, err
}

// GetTTL implements olric.Engine.
func (f *Fragment) GetTTL(hkey uint64) (int64, error) {
	e, err := f.live(hkey)
	if err != nil {
		return 0, err
	}
	return e.TTL(), nil
}

// GetLastAccess implements olric.Engine. The engine knows itself what is used.
func (f *Fragment) GetLastAccess(hkey uint64) (int64, error) {
	_, err := f.live(hkey)
	return 0, err
}

// GetKey implements olric.Engine.
func (f *Fragment) GetKey(hkey uint64) (string, error) {
	e, err := f.live(hkey)
	if err != nil {
		return "", err
	}
	return e.Key(), nil
}

// Check implements olric.Engine.
func (f *Fragment) Check(hkey uint64) bool {
	_, err := f.live(hkey)
	return err == nil
}

// Range implements olric.Engine. Olric walks entries to find what to evict, which the engine
// does itself.
func (f *Fragment) Range(func(uint64, olric.Entry) bool) {}

// RangeHKey implements olric.Engine. Olric walks hashes to find what has expired, which the
// engine does itself.
func (f *Fragment) RangeHKey(func(uint64) bool) {}

// Scan implements olric.Engine: a cache is not listed.
func (f *Fragment) Scan(uint64, int, func(olric.Entry) bool) (uint64, error) {
	return 0, olric.ErrNotImplemented
}

// ScanRegexMatch implements olric.Engine: a cache is not listed.
func (f *Fragment) ScanRegexMatch(uint64, string, int, func(olric.Entry) bool) (uint64, error) {
	return 0, olric.ErrNotImplemented
}

// Compaction implements olric.Engine: the store's engine does it by itself.
func (f *Fragment) Compaction() (done bool, err error) { return true, nil }

// Stats implements olric.Engine. All that Olric wants to know is whether the fragment is empty;
// one that has only write times is not, since they have to move, too.
func (f *Fragment) Stats() olric.Stats {
	if f.used {
		return olric.Stats{Length: 1, NumTables: 1}
	}
	return olric.Stats{NumTables: 1}
}

// Close implements olric.Engine.
func (f *Fragment) Close() error { return nil }

// Destroy implements olric.Engine.
func (f *Fragment) Destroy() error {
	f.destroyed = true
	return f.empty()
}

// empty drops all that is stored.
func (f *Fragment) empty() error {
	err := f.store.deleteRange(f.all())
	f.begin()
	return err
}

// begin makes the fragment a new one, with nothing in it.
func (f *Fragment) begin() {
	f.id, f.era = f.store.lastID.Add(1), f.store.check()
	f.times, f.owned, f.used, f.arriving, f.offered = nil, false, false, arrival{}, offer{}
}

// note has the time of a write count for its class.
func (f *Fragment) note(hkey uint64, at int64) { f.noteClass(classOf(hkey), at) }

func (f *Fragment) noteClass(class uint64, at int64) {
	if f.times == nil {
		f.times = new(writeTimes)
	}
	f.times.raise(class, at)
	f.used = true
}

// Delete implements olric.Engine. Keys are removed by items, which have times; this is Olric's
// own way, which has none.
func (f *Fragment) Delete(hkey uint64) error {
	if err := f.renew(); err != nil {
		return err
	}
	f.note(hkey, f.store.clock.after(time.Now().UnixNano()))
	return f.remove(hkey)
}

func (f *Fragment) remove(hkey uint64) error {
	_, err := f.store.engine.Delete(f.key(hkey), storage.WriteOptions{})
	return err
}

// UpdateTTL implements olric.Engine. Olric passes an expiry on to backups and other owners as
// a value, an empty one; items of kind Expiry are the way.
func (f *Fragment) UpdateTTL(uint64, olric.Entry) error { return olric.ErrNotImplemented }

// Put implements olric.Engine: a new write, or in an import what another node had.
func (f *Fragment) Put(hkey uint64, entry olric.Entry) error {
	if err := f.renew(); err != nil {
		return err
	}
	f.owned = f.owned || !f.importing
	return f.write(hkey, entry.(*Entry))
}

// PutRaw implements olric.Engine: a write, as a backup gets it.
func (f *Fragment) PutRaw(hkey uint64, data []byte) error {
	if err := f.renew(); err != nil {
		return err
	}
	e := &Entry{store: f.store}
	e.Decode(data)
	return f.write(hkey, e)
}

// renew has the fragment be of this era, and without what it may have no longer; it fails if the
// fragment is gone. The times of writes outlive an era: nothing older than what was forgotten is taken
// from others, which may have missed it.
func (f *Fragment) renew() error {
	if f.destroyed {
		return errDestroyed
	}
	if f.era != f.store.check() {
		times, owned, used := f.times, f.owned, f.used
		f.begin()
		f.times, f.owned, f.used = times, owned, used
	}
	return f.withdraw()
}

// write does what an entry says, unless something newer was done: to what the fragment has, or to a
// key of the class. The latter may be a new expiry of the very key, which left an older value to be the
// older one that it is; that goes, too, since it is known then not to be the newest.
func (f *Fragment) write(hkey uint64, e *Entry) error {
	if e.isLate() {
		return ErrLate
	}
	if e.isRemoval() {
		return nil // of a key that nobody knows, as Olric's read repair passes it on
	}
	item, err := e.parsed()
	if err != nil {
		return err
	}
	before, err := f.stored(hkey)
	if err != nil {
		return err
	}
	switch {
	case before != nil && before.time > e.time, before == nil && f.times.of(hkey) > e.time:
		return nil
	case before != nil && before.time < e.time && f.times.of(hkey) > e.time:
		return f.remove(hkey)
	}
	if f.importing {
		// It is not the newest of its class that was ever written: the last part tells that.
		f.used = true
	} else {
		f.note(hkey, e.time)
	}
	return f.apply(hkey, e, &item, before)
}

// apply does what an item says; before is what its hash has.
func (f *Fragment) apply(hkey uint64, e *Entry, item *Item, before *Entry) error {
	if item.Kind == Value {
		return f.put(hkey, e.Encode(), item.ExpiresAt)
	}
	if before == nil {
		return nil
	}
	stored, err := before.parsed()
	if err != nil || string(stored.Key) != string(item.Key) {
		return err // the hash is another key's
	}
	if item.Kind == Removal {
		return f.remove(hkey)
	}
	// Next to the value's own time: this node may not have the newest value, which is to count.
	stored.ExpiresAt = item.ExpiresAt
	changed := Entry{time: before.time + 1, item: stored.Append(nil)}
	return f.put(hkey, changed.Encode(), stored.ExpiresAt)
}

// put stores an entry. What is too large leaves the key without a value, and not with the one
// before.
func (f *Fragment) put(hkey uint64, data []byte, expiresAt int64) error {
	_, err := f.store.engine.Put(f.key(hkey), data, storage.WriteOptions{ExpiresAt: expiresAt})
	if errors.Is(err, storage.ErrOverMemoryLimit) || errors.Is(err, storage.ErrValueTooLarge) {
		return errors.Join(olric.ErrEntryTooLarge, f.remove(hkey))
	}
	return err
}
