package metamorphic

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

var snapshotKinds = []kind{
	{"snapshot", 8, (*generator).slot, runSnapshot},
	{"snapshot-get", 30, (*generator).slotKey, runSnapshotGet},
	{"snapshot-scan", 15, (*generator).slotScan, runSnapshotScan},
	{"snapshot-close", 6, (*generator).slot, runSnapshotClose},
}

// snapshot is a snapshot, open or closed, and what it must hold.
type snapshot struct {
	real   *mantisdb.Snapshot
	state  *state
	closed bool // or its database is

	db      *mantisdb.DB
	history int    // how much had been written
	writes  uint64 // the number of the last write
}

func runSnapshot(t *target, o *Op) {
	t.closeSnapshot(o.Slot)
	real, err := t.db.Snapshot()
	if !t.err("Snapshot", err, nil) {
		return
	}
	// All that is known was written before, and what comes later is newer.
	t.check(real.Version() >= t.last, "a snapshot has the version %d, and there was %d before", real.Version(), t.last)
	t.last = real.Version()
	t.snapshots[o.Slot] = &snapshot{real: real, state: t.state.clone(), db: t.db, history: len(t.history), writes: t.writes}
}

// in is the snapshot, or its view of an operation's keyspace.
func (s *snapshot) in(t *target, o *Op) reader {
	if space := t.space(o); !space.isDefault() {
		return s.real.In(space.real)
	}
	return s.real
}

func (t *target) closeSnapshot(slot int) {
	if s := t.snapshots[slot]; s != nil {
		t.err("Snapshot.Close", s.real.Close(), nil)
		s.closed = true
	}
}

func runSnapshotClose(t *target, o *Op) { t.closeSnapshot(o.Slot) }

func runSnapshotGet(t *target, o *Op) {
	s := t.snapshots[o.Slot]
	if s == nil {
		return
	}
	want := s.state.get(t.address(o), t.began)
	wantErr := t.wantFoundIn(s.db, o, want)
	if s.closed {
		if o.Key.invalidKey() != nil {
			return // which of the two errors it is is not said
		}
		wantErr = errors.Join(mantisdb.ErrClosed, t.spaceOf(o, s.db))
	}
	meta := t.appendGet("Snapshot.AppendGet", s.in(t, o), o, want, wantErr)
	t.check(meta.Version <= s.real.Version(), "the snapshot of version %d sees %d", s.real.Version(), meta.Version)
	got, err := s.in(t, o).Get(o.Key.Bytes())
	if t.err("Snapshot.Get", err, wantErr) {
		t.value("Snapshot.Get", got, want)
	}
}

func runSnapshotScan(t *target, o *Op) {
	s := t.snapshots[o.Slot]
	if s == nil {
		return
	}
	r := t.rangeOf(o)
	found, err := t.walk(s.in(t, o).Scan(r), o, func() {})
	wrong := t.spaceOf(o, s.db)
	if s.closed {
		wrong = errors.Join(mantisdb.ErrClosed, wrong)
	}
	if wrong != nil {
		t.err("Snapshot.Scan", err, wrong)
		t.compareScan(o, found, nil)
		return
	}
	t.err("Snapshot.Scan", err, nil)
	t.compareScan(o, found, o.first(s.state.in(t.space(o).span(r), t.began)))
}
