package mantisdb

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What the first byte of a key of the system keyspace says that the record is.
const (
	appliedIndexTag = 'a' // the applied index
	droppedTag      = 'd' // and an id: its keyspace was dropped
	keyspaceTag     = 'k' // and a name: a keyspace
	nextIDTag       = 'n' // the id of the next keyspace
)

// recordVersion is the first byte of the records, but for the applied index.
const recordVersion = 1

// memoryOnlyFlag is the one flag of a keyspace's record.
const memoryOnlyFlag = 1

// keyspaceRecordLen is the length of a keyspace's record:
//
//	version u8 | flags u8 | id u32 | time to live in milliseconds u64 | compression u8
//
// Numbers are big-endian, as in keys.
const keyspaceRecordLen = 1 + 1 + 4 + 8 + 1

// nextIDRecordLen is that of
//
//	version u8 | id u32
const nextIDRecordLen = 1 + 4

// systemKey is the stored key of a record.
func systemKey(tag byte, rest []byte) []byte {
	system := regionOf(systemID)
	return append(system.append(nil, []byte{tag}), rest...)
}

func keyspaceKey(name string) []byte { return systemKey(keyspaceTag, []byte(name)) }

func droppedKey(id uint32) []byte {
	return systemKey(droppedTag, binary.BigEndian.AppendUint32(nil, id))
}

func appendKeyspaceRecord(dst []byte, id uint32, o KeyspaceOptions) []byte {
	var flags byte
	if o.MemoryOnly {
		flags |= memoryOnlyFlag
	}
	dst = append(dst, recordVersion, flags)
	dst = binary.BigEndian.AppendUint32(dst, id)
	dst = binary.BigEndian.AppendUint64(dst, uint64(o.TTL/time.Millisecond))
	return append(dst, byte(o.Compression))
}

func parseKeyspaceRecord(record []byte) (id uint32, o KeyspaceOptions, err error) {
	if err := checkRecord(record, keyspaceRecordLen); err != nil {
		return 0, o, err
	}
	flags, ttl, compression := record[1], binary.BigEndian.Uint64(record[6:]), Compression(record[14])
	id = binary.BigEndian.Uint32(record[2:])
	switch {
	case flags&^memoryOnlyFlag != 0:
		return 0, o, fmt.Errorf("%w: unknown flags %#x", ErrCorrupt, flags)
	case id == systemID:
		return 0, o, fmt.Errorf("%w: the id %d is not a keyspace's", ErrCorrupt, id)
	case ttl > uint64(maxTTL/time.Millisecond):
		return 0, o, fmt.Errorf("%w: a time to live of %d ms", ErrCorrupt, ttl)
	case compression.Check() != nil:
		return 0, o, fmt.Errorf("%w: an unknown %v", ErrCorrupt, compression)
	}
	return id, KeyspaceOptions{
		TTL:         time.Duration(ttl) * time.Millisecond,
		MemoryOnly:  flags&memoryOnlyFlag != 0,
		Compression: compression,
	}, nil
}

func appendNextIDRecord(dst []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, recordVersion), id)
}

func parseNextIDRecord(record []byte) (uint32, error) {
	if err := checkRecord(record, nextIDRecordLen); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(record[1:]), nil
}

// checkRecord returns nil for a record of this version and of a length.
func checkRecord(record []byte, length int) error {
	switch {
	case len(record) == 0:
		return fmt.Errorf("%w: it is empty", ErrCorrupt)
	case record[0] != recordVersion:
		return fmt.Errorf("%w: it has version %d, this program reads %d", ErrWrongFormat, record[0], recordVersion)
	case len(record) != length:
		return fmt.Errorf("%w: it has %d bytes, not %d", ErrCorrupt, len(record), length)
	}
	return nil
}

// maxTTL is the longest time to live of a keyspace: that in whole milliseconds does not
// overflow in nanoseconds.
const maxTTL = time.Duration(1<<63-1) / time.Millisecond * time.Millisecond

// checked are the options as they are kept, or why they are refused.
func (o KeyspaceOptions) checked() (KeyspaceOptions, error) {
	if o.TTL < 0 || o.TTL > maxTTL {
		return o, fmt.Errorf("%w: a keyspace's %v; it must be positive, or 0 for ever", ErrInvalidTTL, o.TTL)
	}
	o.TTL = time.Duration(milliseconds(o.TTL)) * time.Millisecond
	return o, o.Compression.Check()
}

// checkKeyspaceName returns nil for what may name a keyspace. Dots alone are refused
// since browsers and other clients take them out of a path.
func checkKeyspaceName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: the name of a keyspace is empty", ErrInvalidOptions)
	case len(name) > MaxKeyspaceNameLen:
		return fmt.Errorf("%w: the name of a keyspace has %d bytes, at most %d", ErrInvalidOptions, len(name), MaxKeyspaceNameLen)
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: the name of a keyspace, %q, must be UTF-8 without control characters", ErrInvalidOptions, name)
	case name == "." || name == "..":
		return fmt.Errorf("%w: %q cannot name a keyspace", ErrInvalidOptions, name)
	}
	return nil
}
