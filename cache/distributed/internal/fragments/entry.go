package fragments

import (
	"encoding/binary"
	"time"

	"github.com/olric-data/olric/pkg/storage"
)

// timeLen is the length of the time before an entry's item.
const timeLen = 8

// expiredLong is an expiry that has passed.
const expiredLong = 1

// Entry is an item with the time of its write, as Olric has entries. One without an item is
// the removal of a key that is not known, and without a time a write that is not done.
type Entry struct {
	store  *Store
	time   int64 // Unix nanoseconds
	item   []byte
	issued int64 // of a new write, Unix nanoseconds
}

var _ storage.Entry = (*Entry)(nil)

// parsed is the entry's item.
func (e *Entry) parsed() (Item, error) { return ParseItem(e.item) }

// SetKey implements storage.Entry. The item has the key.
func (e *Entry) SetKey(string) {}

// Key implements storage.Entry.
func (e *Entry) Key() string {
	item, err := e.parsed()
	if err != nil {
		return ""
	}
	return string(item.Key)
}

// SetValue implements storage.Entry, for a new write alone: the value is a request. What is none
// came too late.
func (e *Entry) SetValue(request []byte) {
	if len(request) > issuedLen {
		e.issued, e.item = int64(binary.BigEndian.Uint64(request)), request[issuedLen:]
	}
}

// Value implements storage.Entry.
func (e *Entry) Value() []byte { return e.item }

// SetTTL implements storage.Entry. The item has the expiry.
func (e *Entry) SetTTL(int64) {}

// isRemoval tells whether it says of some key, without saying of which, that it was removed.
func (e *Entry) isRemoval() bool { return e.item == nil && e.time != 0 }

// TTL implements storage.Entry. A removal has not expired: it counts.
func (e *Entry) TTL() int64 {
	if e.isRemoval() {
		return 0
	}
	item, err := e.parsed()
	if err != nil {
		return expiredLong
	}
	return item.ExpiresAt
}

// isLate tells whether it is a write that is not to be done any more.
func (e *Entry) isLate() bool { return e.item == nil && e.time == 0 }

// SetTimestamp implements storage.Entry, for a new write alone, which comes after all that the
// node has seen, also if its clock was set back. Olric calls it last, while it holds the lock of
// the fragment, but with the time at which the write came: before it waited for that lock, for as long
// as it takes to move the fragment to a node that does not answer. So that time is not the one.
func (e *Entry) SetTimestamp(int64) {
	now := time.Now().UnixNano()
	if age := time.Duration(now - e.issued); age > Patience || age < -Patience || !e.store.Steady() {
		e.item = nil
		return
	}
	e.time = e.store.clock.after(now)
}

// Timestamp implements storage.Entry.
func (e *Entry) Timestamp() int64 { return e.time }

// SetLastAccess implements storage.Entry. The engine knows itself what is used.
func (e *Entry) SetLastAccess(int64) {}

// LastAccess implements storage.Entry.
func (e *Entry) LastAccess() int64 { return 0 }

// Encode implements storage.Entry: the time i64, big-endian, and the item.
func (e *Entry) Encode() []byte {
	data := make([]byte, 0, timeLen+len(e.item))
	return append(binary.BigEndian.AppendUint64(data, uint64(e.time)), e.item...)
}

// Decode implements storage.Entry. It borrows data; what is no entry makes one without an item.
func (e *Entry) Decode(data []byte) {
	e.time, e.item = 0, nil
	if len(data) < timeLen {
		return
	}
	e.time = int64(binary.BigEndian.Uint64(data))
	if len(data) > timeLen {
		e.item = data[timeLen:]
	}
	e.store.clock.saw(e.time)
}
