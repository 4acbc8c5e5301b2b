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
//	format u8 | index u64 | term u64 | holder u64 | lease given up u8
//
// Numbers are little-endian; what was given up is 1, else 0. In format 1, which is still read, the
// last one was left out.
type record struct {
	index  uint64 // of the newest entry that was applied; 0 is none
	term   uint64 // the present one, counted from 1; 0 before the first
	holder uint64 // who leads in it
	// leaseGivenUp tells that the holder reads by a lease no more.
	leaseGivenUp bool
}

const (
	recordFormat = 2
	recordLen    = 1 + 8 + 8 + 8 + 1
	oldRecordLen = recordLen - 1 // of format 1
)

// follow is the record once the entry with an index was applied. It returns the number of the
// term that the entry begins, 1 for a batch that is to be applied or a lease that is given up, and
// 0 for what is void.
func (r *record) follow(index uint64, b []byte) (uint64, error) {
	e, err := parseEntry(b)
	if err != nil {
		return 0, err
	}
	r.index = index
	switch {
	case e.term != r.term:
		return 0, nil
	case e.kind == beginTerm:
		r.term++
		r.holder, r.leaseGivenUp = e.holder, false
		return r.term, nil
	case e.kind == giveUpLease:
		r.leaseGivenUp = true
		return 1, nil
	case len(e.packed) == 0:
		return 0, nil
	}
	return 1, nil
}

func (r record) append(dst []byte) []byte {
	dst = append(dst, recordFormat)
	dst = binary.LittleEndian.AppendUint64(dst, r.index)
	dst = binary.LittleEndian.AppendUint64(dst, r.term)
	dst = binary.LittleEndian.AppendUint64(dst, r.holder)
	if r.leaseGivenUp {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func parseRecord(b []byte) (r record, err error) {
	switch {
	case len(b) == oldRecordLen && b[0] == 1:
		b = append(b[:oldRecordLen:oldRecordLen], 0)
	case len(b) == 0 || b[0] != recordFormat:
		return r, fmt.Errorf("%w: the record of a replica does not begin with format 1 or %d", storage.ErrWrongFormat, recordFormat)
	case len(b) != recordLen || b[recordLen-1] > 1:
		return r, fmt.Errorf("%w: the record of a replica has %d bytes, and is none of %d", storage.ErrCorrupt, len(b), recordLen)
	}
	r.index = binary.LittleEndian.Uint64(b[1:])
	r.term = binary.LittleEndian.Uint64(b[9:])
	r.holder = binary.LittleEndian.Uint64(b[17:])
	r.leaseGivenUp = b[recordLen-1] == 1
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
