package replica

import (
	"encoding/binary"
	"fmt"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// An entry of the log is
//
//	protocol u8 | kind u8 | term u64 | body
//
// with numbers in little-endian. The protocol is the one that the cluster used when it was written;
// all that this program understands have this form so far. The body of a batch is its packed form, as package storage
// defines it; that of the beginning of a term is the holder, u64, and the history, u64, a number drawn
// at random in which the terms of one group follow each other; that a lease is given up has none.
const (
	entryHeaderLen = 1 + 1 + 8
	beginTermLen   = entryHeaderLen + 8 + 8
)

// entryKind tells what an entry does.
type entryKind uint8

// The kinds of entry. The numbers are part of the format.
const (
	// beginTerm ends the present term, which it names, and begins the next one.
	beginTerm entryKind = 1
	// writeBatch applies a batch, if the present term is that in which it was evaluated.
	writeBatch entryKind = 2
	// giveUpLease tells that who holds the present term, which it names, reads by a lease no more.
	giveUpLease entryKind = 3
)

// entry is one entry of the log; its bytes are borrowed.
type entry struct {
	kind    entryKind
	term    uint64
	holder  uint64 // of beginTerm
	history uint64 // of beginTerm
	packed  []byte // of writeBatch
}

func appendEntryHeader(dst []byte, protocol cluster.Protocol, kind entryKind, term uint64) []byte {
	dst = append(dst, byte(protocol), byte(kind))
	return binary.LittleEndian.AppendUint64(dst, term)
}

// appendBeginTerm is the entry by which holder follows the term that it knows, in a history.
func appendBeginTerm(dst []byte, protocol cluster.Protocol, term, holder, history uint64) []byte {
	dst = appendEntryHeader(dst, protocol, beginTerm, term)
	dst = binary.LittleEndian.AppendUint64(dst, holder)
	return binary.LittleEndian.AppendUint64(dst, history)
}

// CheckEntry returns nil for an entry of the log that a replica can apply.
func CheckEntry(b []byte) error {
	e, err := parseEntry(b)
	if err != nil {
		return err
	}
	if len(e.packed) > MaxEntryLen {
		return fmt.Errorf("%w: an entry of the log has %d bytes", storage.ErrBatchTooLarge, len(b))
	}
	_, err = storage.CheckPacked(e.packed)
	return err
}

// parseEntry reads an entry. The operations of a batch are checked when they are added to one.
func parseEntry(b []byte) (entry, error) {
	if len(b) < entryHeaderLen {
		return entry{}, fmt.Errorf("%w: an entry of the log has %d bytes, at least %d", storage.ErrCorrupt, len(b), entryHeaderLen)
	}
	if err := cluster.Protocol(b[0]).Check(); err != nil {
		return entry{}, fmt.Errorf("%w: an entry of the log: %w", storage.ErrWrongFormat, err)
	}
	e := entry{kind: entryKind(b[1]), term: binary.LittleEndian.Uint64(b[2:])}
	switch {
	case e.kind == writeBatch:
		e.packed = b[entryHeaderLen:]
	case e.kind == beginTerm && len(b) == beginTermLen:
		e.holder = binary.LittleEndian.Uint64(b[entryHeaderLen:])
		e.history = binary.LittleEndian.Uint64(b[entryHeaderLen+8:])
	case e.kind == giveUpLease && len(b) == entryHeaderLen:
	default:
		return entry{}, fmt.Errorf("%w: an entry of the log has kind %d and %d bytes", storage.ErrCorrupt, e.kind, len(b))
	}
	return e, nil
}
