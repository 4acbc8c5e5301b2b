package scenario

import (
	"fmt"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// scan reads pages of entries and checks each: the keys that were loaded come
// without a gap, those that were inserted in order, and values belong to their
// keys.
type scan struct {
	loaded     uint64 // keys below are all there
	valueBytes int
	from       [work.KeyLen]byte
	next       uint64 // the least that the next key's number may be
	seen       uint64
	visit      func(key, value []byte) error // of this scan, made once
}

func newScan(r *runner) *scan {
	s := &scan{loaded: r.Keys, valueBytes: r.ValueBytes}
	s.visit = s.check
	return s
}

// page reads at most most entries from a loaded key on and returns how many.
func (s *scan) page(store engine.Ordered, from, most uint64) (int64, error) {
	s.next, s.seen = from, 0
	if err := store.Scan(work.Key(&s.from, from), int(most), s.visit); err != nil {
		return 0, err
	}
	if s.seen > most || s.seen < min(most, s.loaded-from) {
		return 0, fmt.Errorf("scan %s: %d entries, of %d at most", s.from, s.seen, most)
	}
	return int64(s.seen), nil
}

func (s *scan) check(key, value []byte) error {
	id, ok := work.ID(key)
	if !ok || id < s.next || id > s.next && s.next < s.loaded {
		return fmt.Errorf("scan %s: %q comes where key %d is due", s.from, key, s.next)
	}
	if !work.CheckValue(value, id, s.valueBytes) {
		return fmt.Errorf("scan %s: the value of %s is another's, of %d bytes", s.from, key, len(value))
	}
	s.next = id + 1
	s.seen++
	return nil
}
