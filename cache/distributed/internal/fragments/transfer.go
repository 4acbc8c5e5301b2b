package fragments

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	olric "github.com/olric-data/olric/pkg/storage"

	"github.com/mantisdb/mantisdb/storage"
)

// A part of a fragment on its way to another node is, numbers big-endian:
//
//	format u8 = 2 | flags u8 | transfer u64 | sent i64 | entries u32 | entries | write times, in the last part
//	entry:  hash u64 | length u32 | entry
//	time:   class u16 | time i64
//
// All parts of a transfer have one number, which those of others have not. Sent is later than all writes
// that the fragment had seen by then, in Unix nanoseconds.
const (
	partFormat = 2
	partHeader = 22

	flagOwned = 1 << 0 // the fragment was that of the partition's owner
	flagLast  = 1 << 1 // with it, the other node has all
)

// partBytes is about how long a part is. Both nodes hold it in memory, and the fragment is
// locked while it is on its way; Olric moves one a second.
const partBytes = 8 << 20

// partPatience is how long a part may be on its way, by the clocks of the two nodes: longer than
// Olric waits for an answer to it. What a cut network delivers after it is about to be out of date.
const partPatience = 5 * time.Second

var (
	errPart     = errors.New("a part of a fragment is malformed")
	errLatePart = errors.New("a part of a fragment came too late")
	errForgot   = errors.New("the node forgot what it had while a part of a fragment came")
)

// offer is a part that was sent to another node. Until that one says that it has it, it is not known
// whether it does, and whether it has written more since; nor is it if it says nothing. To send
// the part once more is right for as long as nobody can have given that node up, since the later
// write counts there. After that the node that sent it, or the next one that it is sent to, would take
// what is old for the newest. So it is gone then.
type offer struct {
	end  []byte    // before which key of the fragment it ended; nil: it had all that was left
	sent time.Time // when it was sent first; zero: nothing is on offer
}

// hides tells whether a key was on offer for too long.
func (o *offer) hides(key []byte, patience time.Duration) bool {
	return !o.sent.IsZero() && time.Since(o.sent) > patience && (o.end == nil || bytes.Compare(key, o.end) < 0)
}

// withdraw drops what was on offer for too long.
func (f *Fragment) withdraw() error {
	if f.offered.sent.IsZero() || time.Since(f.offered.sent) <= f.store.patience {
		return nil
	}
	r := f.all()
	if f.offered.end != nil {
		r.End = f.offered.end
	}
	f.offered = offer{}
	return f.store.deleteRange(r)
}

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
	if err := f.renew(); err != nil {
		return nil, 0, err
	}
	part = make([]byte, partHeader)
	part[0] = partFormat
	if f.owned {
		part[1] |= flagOwned
	}
	binary.BigEndian.PutUint64(part[2:], uint64(f.store.id)<<32|uint64(f.id))
	binary.BigEndian.PutUint64(part[10:], uint64(f.store.clock.after(time.Now().UnixNano())))
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
	binary.BigEndian.PutUint32(part[partHeader-4:], entries)
	if t.last {
		part[1] |= flagLast
		part = f.times.append(part)
	}
	t.offer()
	return part, 0, nil
}

// offer notes that the part is on offer: since it was first, if it is sent once more.
func (t *transfer) offer() {
	o := &t.fragment.offered
	if o.sent.IsZero() {
		o.sent = time.Now()
	}
	o.end = t.sent.End
	if t.last {
		o.end = nil
	}
}

// Drop implements olric.TransferIterator: the other node has the part.
func (t *transfer) Drop(int) error {
	if t.last {
		return t.fragment.empty()
	}
	t.fragment.offered = offer{}
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

// arrival is a transfer to this node.
type arrival struct {
	transfer uint64
	brought  map[uint64]int64 // when the part was sent that a hash came with
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
	sent := int64(binary.BigEndian.Uint64(part[10:]))
	if age := time.Since(time.Unix(0, sent)); age > partPatience || age < -partPatience {
		return errLatePart
	}
	f.importing = true
	defer func() { f.importing = false }()
	if transfer := binary.BigEndian.Uint64(part[2:]); transfer != f.arriving.transfer || f.arriving.brought == nil {
		// Another that is not at its end has been broken off.
		f.arriving = arrival{transfer: transfer, brought: map[uint64]int64{}}
	}
	rest := part[partHeader:]
	for range binary.BigEndian.Uint32(part[partHeader-4:]) {
		hkey, data, after, err := cutEntry(rest)
		if err != nil {
			return err
		}
		e := &Entry{store: f.store}
		e.Decode(data)
		if err := merge(hkey, e); err != nil && !errors.Is(err, olric.ErrEntryTooLarge) {
			return err
		}
		if f.arriving.brought == nil { // merge looks at the era, too
			return errForgot
		}
		f.arriving.brought[hkey] = sent
		rest = after
	}
	f.owned = f.owned || part[1]&flagOwned != 0
	theirs, err := parseTimes(rest)
	if err != nil || theirs == nil {
		return err
	}
	// After the entries, since of those it would leave out all but the newest of each class.
	err = f.dropOlder(theirs)
	for class, at := range theirs {
		if at != 0 {
			f.noteClass(uint64(class), at)
			f.store.clock.saw(at)
		}
	}
	f.arriving = arrival{}
	return err
}

// dropOlder drops what is older than the other node's newest write of the class, unless that node had
// the key, too, and wrote none of the class since it sent it: then the newer one of the two has been
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
		newest := theirs.of(hkey)
		if newest <= f.arriving.brought[hkey] {
			continue
		}
		e := Entry{store: f.store}
		if e.Decode(cursor.Value()); e.time < newest {
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
