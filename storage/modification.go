package storage

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// ModificationKind tells how Engine.Modify changes a value.
type ModificationKind uint32

// The kinds of modification. The numbers are those of the core's C ABI.
const (
	// CompareValue stores Value if the key's value has the bytes of Expected.
	CompareValue ModificationKind = iota + 1
	// CompareVersion stores Value if the key's value has the version Version; 0:
	// if the key has none.
	CompareVersion
	// Exchange stores Value, whatever there is, and gives the value before.
	Exchange
	// Take removes the value, and gives it.
	Take
	// Increment adds By to the value, a decimal number of 64 bits with a sign in
	// the form that strconv writes; none is 0.
	Increment
	// Append adds Value at the value's end; none is an empty one.
	Append
	// Expire sets when the value expires to WriteOptions.ExpiresAt, if there is a
	// value.
	Expire
)

// Modification says how Engine.Modify changes a key's value. CompareValue,
// CompareVersion and Exchange store a value that expires as WriteOptions say;
// Increment and Append keep the expiry that there is.
type Modification struct {
	Kind     ModificationKind
	Value    []byte // to be stored, or appended
	Expected []byte // of CompareValue
	Version  uint64 // of CompareVersion
	By       int64  // of Increment
}

// Modified tells how a modification ended.
type Modified struct {
	// Version is that of the write; 0 if there was nothing to be done: another
	// value than the expected one, or none to be taken or to be given an expiry.
	Version uint64
	// Number is the new number after Increment, the new length after Append.
	Number int64
	// Existed tells whether the key had a value before, and Before describes it.
	Existed bool
	Before  Meta
}

// Check returns nil if a modification with these options may be made.
func (m *Modification) Check(key []byte, o WriteOptions) error {
	if m.Kind < CompareValue || m.Kind > Expire {
		return fmt.Errorf("%w: no modification has the number %d", ErrInvalidOptions, m.Kind)
	}
	if o.ExpiresAt != 0 && (m.Kind == Take || m.Kind == Increment || m.Kind == Append) {
		return fmt.Errorf("%w: this modification stores no value with an expiry of its own", ErrInvalidOptions)
	}
	return checkWrite(key, m.Value, o)
}

// Gives tells whether the value before is given to the caller.
func (m *Modification) Gives() bool { return m.Kind == Exchange || m.Kind == Take }

// ValueChange is what becomes of a value.
type ValueChange struct {
	Kind      OpKind // 0: nothing
	Value     []byte // of OpPut; may be shared with the value before or the modification
	ExpiresAt int64  // of OpPut, in Unix milliseconds; 0 is never
	Number    int64  // Modified.Number
}

// Change is what a modification makes of a value, or of its absence; expiresAt is that of
// the WriteOptions. It is for engines, which see to it that nothing comes in between.
func (m *Modification) Change(value []byte, meta Meta, found bool, expiresAt int64) (c ValueChange, err error) {
	put := ValueChange{Kind: OpPut, Value: m.Value, ExpiresAt: expiresAt}
	switch m.Kind {
	case CompareValue:
		if found && bytes.Equal(value, m.Expected) {
			c = put
		}
	case CompareVersion:
		if meta.Version == m.Version {
			c = put
		}
	case Exchange:
		c = put
	case Take:
		if found {
			c.Kind = OpDelete
		}
	case Increment:
		c = ValueChange{Kind: OpPut, ExpiresAt: meta.ExpiresAt}
		if c.Number, err = m.sum(value, found); err == nil {
			c.Value = strconv.AppendInt(nil, c.Number, 10)
		}
	case Append:
		c = ValueChange{Kind: OpPut, ExpiresAt: meta.ExpiresAt}
		c.Value = slices.Concat(value, m.Value)
		c.Number = int64(len(c.Value))
		err = CheckValue(c.Value)
	case Expire:
		if found {
			c = ValueChange{Kind: OpPut, Value: value, ExpiresAt: expiresAt}
		}
	}
	return c, err
}

func (m *Modification) sum(value []byte, found bool) (int64, error) {
	base := int64(0)
	if found {
		var err error
		text := string(value)
		base, err = strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(base, 10) != text {
			return 0, ErrNotANumber
		}
	}
	sum := base + m.By
	if (sum > base) != (m.By > 0) && m.By != 0 {
		return 0, ErrOverflow
	}
	return sum, nil
}
