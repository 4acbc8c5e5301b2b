package fragments

import (
	"encoding/binary"
	"errors"
	"time"
)

// Kind is what an item does to its key.
type Kind uint8

// The kinds.
const (
	Value   Kind = iota + 1 // is the key's value from now on
	Removal                 // the key has no value any more
	Expiry                  // changes when the key's value expires, if it has one
)

// Item is what goes through Olric as a value, with all that Olric would leave out.
type Item struct {
	Kind Kind
	// ExpiresAt is in Unix milliseconds; 0 is never.
	ExpiresAt  int64
	Key, Value []byte
}

// Patience is how much later than it was issued a write may be done, and how much earlier, by the
// clocks of the two nodes.
const Patience = time.Second

// issuedLen is the length of a request's time.
const issuedLen = 8

// Request is the form in which an item is handed to Olric: with the time, i64 in Unix nanoseconds
// and big-endian, at which it was issued.
func (i *Item) Request(issued time.Time) []byte {
	request := make([]byte, 0, issuedLen+itemHeader+binary.MaxVarintLen32+len(i.Key)+len(i.Value))
	return i.Append(binary.BigEndian.AppendUint64(request, uint64(issued.UnixNano())))
}

// ErrLate is the error of a write that came so late that whoever issued it has given it up. It
// must not be done: others may have come after it by then, elsewhere. Nor must one at a node that is not
// steady, see [Store.Steady].
var ErrLate = errors.New("the write came too late, to a node that was cut off a moment ago, or the clocks of the nodes differ by more than a second")

// ErrMalformed is the error of bytes that are no item, as Olric's own commands leave some.
var ErrMalformed = errors.New("not an item of the distributed cache")

// itemHeader is the length of an item's kind and expiry.
const itemHeader = 9

// Append appends the item's form in bytes: kind u8, expiry i64 and the key's length u64 as
// varint, big-endian, then the key and the value.
func (i *Item) Append(dst []byte) []byte {
	dst = append(dst, byte(i.Kind))
	dst = binary.BigEndian.AppendUint64(dst, uint64(i.ExpiresAt))
	dst = binary.AppendUvarint(dst, uint64(len(i.Key)))
	dst = append(dst, i.Key...)
	return append(dst, i.Value...)
}

// ParseItem is the item whose form data is, which it borrows.
func ParseItem(data []byte) (i Item, err error) {
	if len(data) < itemHeader {
		return Item{}, ErrMalformed
	}
	i.Kind, i.ExpiresAt = Kind(data[0]), int64(binary.BigEndian.Uint64(data[1:]))
	length, n := binary.Uvarint(data[itemHeader:])
	rest := data[itemHeader+max(n, 0):]
	if i.Kind < Value || i.Kind > Expiry || n <= 0 || length == 0 || length > uint64(len(rest)) {
		return Item{}, ErrMalformed
	}
	i.Key, i.Value = rest[:length:length], rest[length:]
	return i, nil
}
