package replica

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mantisdb/mantisdb/storage"
)

// recordKey is where a replica's engine keeps what was applied to it: a key of the system keyspace
// of package mantisdb, of a kind of its own. Who reads the shard does not see it.
var recordKey = []byte("\x00\x00\x00\x00\x00\x00r")

// record is what a replica knows of the log: it is stored with the writes of the entry that
// it speaks of, so that whatever a crash leaves, both are there or neither.
//
//	format u8 | index u64 | term u64 | holder u64 | lease given up u8 | history u64 | versions u64
//
// Numbers are little-endian; what was given up is 1, else 0.
type record struct {
	index  uint64 // of the newest entry that was applied; 0 is none
	term   uint64 // the present one, counted from 1; 0 before the first
	holder uint64 // who leads in it
	// leaseGivenUp tells that the holder reads by a lease no more.
	leaseGivenUp bool
	// history tells what the group has agreed upon from what any other has; 0 before the first term.
	history uint64
	// versions is how many versions the entries have taken that came behind the beginning of the term:
	// each one for the record of it, and then one for each of its operations, if it is not void. It is
	// the same on all replicas.
	versions uint64
}

const (
	recordFormat = 3
	recordLen    = 1 + 8 + 8 + 8 + 1 + 8 + 8
)

// takes tells whether an entry that comes next writes a batch.
func (r *record) takes(e *entry) bool {
	return e.kind == writeBatch && e.term == r.term && len(e.packed) > 0
}

// follow is the record once an entry was applied, which is a batch of so many operations if it takes
// one. What the entry has come to is what Apply tells of it.
func (r *record) follow(index uint64, e *entry, operations int) (result uint64) {
	takes := r.takes(e)
	r.index = index
	r.versions++
	switch {
	case e.term == r.term && e.kind == beginTerm:
		r.term++
		r.holder, r.leaseGivenUp, r.history, r.versions = e.holder, false, e.history, 0
		return r.term
	case e.term == r.term && e.kind == giveUpLease:
		r.leaseGivenUp = true
		return 1
	case takes:
		r.versions += uint64(operations)
		return r.versions
	}
	return 0
}

// firstVersion is that of the first operation of an entry that comes next: it follows the record's.
func (r *record) firstVersion() uint64 { return r.version() + 2 }

// version is that of the last change up to the record, as all replicas tell it: that of any other
// before is less, and any behind it greater.
func (r *record) version() uint64 { return versionIn(r.term, r.versions) }

func (r record) append(dst []byte) []byte {
	dst = append(dst, recordFormat)
	dst = binary.LittleEndian.AppendUint64(dst, r.index)
	dst = binary.LittleEndian.AppendUint64(dst, r.term)
	dst = binary.LittleEndian.AppendUint64(dst, r.holder)
	givenUp := byte(0)
	if r.leaseGivenUp {
		givenUp = 1
	}
	dst = append(dst, givenUp)
	dst = binary.LittleEndian.AppendUint64(dst, r.history)
	return binary.LittleEndian.AppendUint64(dst, r.versions)
}

func parseRecord(b []byte) (r record, err error) {
	switch {
	case len(b) == 0 || b[0] != recordFormat:
		return r, fmt.Errorf("%w: the record of a replica does not begin with the format %d", storage.ErrWrongFormat, recordFormat)
	case len(b) != recordLen:
		return r, fmt.Errorf("%w: the record of a replica has %d bytes, and not %d", storage.ErrCorrupt, len(b), recordLen)
	case b[25] > 1:
		return r, fmt.Errorf("%w: the record of a replica has %d for whether the lease was given up", storage.ErrCorrupt, b[25])
	}
	r.index = binary.LittleEndian.Uint64(b[1:])
	r.term = binary.LittleEndian.Uint64(b[9:])
	r.holder = binary.LittleEndian.Uint64(b[17:])
	r.leaseGivenUp = b[25] == 1
	r.history = binary.LittleEndian.Uint64(b[26:])
	r.versions = binary.LittleEndian.Uint64(b[34:])
	return r, nil
}

// readRecord is the record of an engine; that of an empty one is zero.
func readRecord(get func(dst, key []byte) ([]byte, storage.Meta, error)) (record, error) {
	b, _, err := get(nil, recordKey)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return record{}, nil
	case err != nil:
		return record{}, err
	}
	return parseRecord(b)
}
