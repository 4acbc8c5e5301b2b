package fragments

import (
	"encoding/binary"
	"errors"
	"fmt"

	olric "github.com/olric-data/olric/pkg/storage"

	"github.com/mantisdb/mantisdb/storage"
)

// A part of a fragment on its way to another node is, numbers big-endian:
//
//	format u8 = 1 | flags u8 | entries u32 | entries | write times, in the last part
//	entry:  hash u64 | length u32 | entry
//	time:   class u16 | time i64
const (
	partFormat = 1
	partHeader = 6

	flagOwned = 1 << 0 // the fragment was that of the partition's owner
	flagLast  = 1 << 1 // with it, the other node has all
)

// partBytes is about how long a part is. Both nodes hold it in memory, and the fragment is
// locked while it is on its way; Olric moves one a second.
const partBytes = 8 << 20

var errPart = errors.New("a part of a fragment is malformed")

// transfer gives a fragment away, part by part. It is Olric's, and lives for one of them.
type transfer struct {
	fragment *Fragment
	sent     storage.Range // what the part has
	last     bool
}

var _ olric.TransferIterator = (*transfer)(nil)

// TransferIterator implements olric.Engine.
func (f *Fragment) TransferIterator() olric.TransferIterator { return &transfer{fragment: f} }

// Next implements olric.TransferIterator.
func (t *transfer) Next() bool { return t.fragment.Stats().Length != 0 }

// Export implements olric.TransferIterator: it makes a part of what comes first.
func (t *transfer) Export() (part []byte, index int, err error) {
	f := t.fragment
	part = []byte{partFormat, 0, 0, 0, 0, 0}
	if f.owned {
		part[1] |= flagOwned
	}
	t.sent, t.last = f.all(), true
	cursor, err := f.store.engine.Scan(f.all())
	if err != nil {
		return nil, 0, err
	}
	defer cursor.Close()
	var entries uint32
	for cursor.Next() {
		if len(part) >= partBytes {
			t.sent.End, t.last = append([]byte(nil), cursor.Key()...), false
			break
		}
		part = append(part, cursor.Key()[keyLen-8:]...)
		part = binary.BigEndian.AppendUint32(part, uint32(len(cursor.Value())))
		part = append(part, cursor.Value()...)
		entries++
	}
	if err := cursor.Err(); err != nil {
		return nil, 0, err
	}
	binary.BigEndian.PutUint32(part[2:], entries)
	if t.last {
		part[1] |= flagLast
		part = f.times.append(part)
	}
	return part, 0, nil
}

// Drop implements olric.TransferIterator: the other node has the part.
func (t *transfer) Drop(int) error {
	if t.last {
		return t.fragment.empty()
	}
	return t.fragment.store.deleteRange(t.sent)
}

// append appends those times that are not 0.
func (t *writeTimes) append(part []byte) []byte {
	if t == nil {
		return part
	}
	for class, at := range t {
		if at != 0 {
			part = binary.BigEndian.AppendUint16(part, uint16(class))
			part = binary.BigEndian.AppendUint64(part, uint64(at))
		}
	}
	return part
}

// Import implements olric.Engine. For each entry it calls merge, which has Get and Put decide
// whether it is newer than what is there.
func (f *Fragment) Import(part []byte, merge func(uint64, olric.Entry) error) error {
	if err := f.renew(); err != nil {
		return err
	}
	if len(part) < partHeader || part[0] != partFormat {
		return errPart
	}
	f.importing = true
	defer func() { f.importing = false }()
	flags, entries := part[1], binary.BigEndian.Uint32(part[2:])
	rest := part[partHeader:]
	for range entries {
		hkey, data, after, err := cutEntry(rest)
		if err != nil {
			return err
		}
		e := &Entry{store: f.store}
		e.Decode(data)
		if err := merge(hkey, e); err != nil && !errors.Is(err, olric.ErrEntryTooLarge) {
			return err
		}
		if f.brought == nil {
			f.brought = make(map[uint64]struct{})
		}
		f.brought[hkey] = struct{}{}
		rest = after
	}
	f.owned = f.owned || flags&flagOwned != 0
	theirs, err := parseTimes(rest)
	if err != nil || theirs == nil {
		return err
	}
	// After the entries, since of those it would leave out all but the newest of each class.
	err = f.dropOlder(theirs)
	for class, at := range theirs {
		if at != 0 {
			f.noteClass(uint64(class), at)
		}
	}
	f.brought = nil
	return err
}

// dropOlder drops what was there before a transfer and is older than the other node's newest
// write of the class, unless that node has the key, too: then the newer one of the two has been
// chosen. What it does not have it may have removed or evicted.
func (f *Fragment) dropOlder(theirs *writeTimes) error {
	cursor, err := f.store.engine.Scan(f.all())
	if err != nil {
		return err
	}
	defer cursor.Close()
	var older []uint64
	for cursor.Next() {
		hkey := binary.BigEndian.Uint64(cursor.Key()[keyLen-8:])
		if _, known := f.brought[hkey]; known {
			continue
		}
		e := Entry{store: f.store}
		if e.Decode(cursor.Value()); e.time < theirs.of(hkey) {
			older = append(older, hkey)
		}
	}
	if err := cursor.Err(); err != nil {
		return err
	}
	for _, hkey := range older {
		if err := f.remove(hkey); err != nil {
			return err
		}
	}
	return nil
}

// cutEntry is the first entry of what is left of a part, and what follows.
func cutEntry(rest []byte) (hkey uint64, data, after []byte, err error) {
	const header = 12
	if len(rest) < header {
		return 0, nil, nil, errPart
	}
	length := binary.BigEndian.Uint32(rest[8:])
	if uint64(length) > uint64(len(rest)-header) {
		return 0, nil, nil, fmt.Errorf("%w: an entry of %d bytes", errPart, length)
	}
	end := header + int(length)
	return binary.BigEndian.Uint64(rest), rest[header:end:end], rest[end:], nil
}

// parseTimes reads the write times at the end of a part; nil if there are none.
func parseTimes(rest []byte) (times *writeTimes, err error) {
	const length = 10
	for ; len(rest) >= length; rest = rest[length:] {
		class := uint64(binary.BigEndian.Uint16(rest))
		if class >= timeClasses {
			return nil, errPart
		}
		if times == nil {
			times = new(writeTimes)
		}
		times.raise(class, int64(binary.BigEndian.Uint64(rest[2:])))
	}
	if len(rest) != 0 {
		return nil, errPart
	}
	return times, nil
}
