package consensus

import (
	"errors"
	"io"
	"math"

	"github.com/lni/dragonboat/v4/statemachine"

	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/storage"
)

// machine is a replica as the library drives it.
type machine struct {
	replica *replica.Replica
	failed  func(why error)
	// What Update hands on, kept from call to call.
	indexes []uint64
	entries [][]byte
	results []uint64
}

// notApplied is the result of an entry that this replica has not applied, though others do.
const notApplied = math.MaxUint64

// Open implements statemachine.IOnDiskStateMachine. What fails stops this replica, and not the
// process, as the library would.
func (m *machine) Open(stop <-chan struct{}) (uint64, error) {
	applied, err := m.replica.Open()
	if err != nil {
		m.fail(err, stop)
		return 0, statemachine.ErrOpenStopped
	}
	return applied, nil
}

// fail tells why the replica cannot go on, and waits until it is stopped for that: the library
// would apply the next entries to it.
func (m *machine) fail(why error, stop <-chan struct{}) {
	m.failed(why)
	<-stop
}

// Update implements statemachine.IOnDiskStateMachine. What fails here stops the process, as the
// library would have replicas differ otherwise; so only what is malformed does.
func (m *machine) Update(entries []statemachine.Entry) ([]statemachine.Entry, error) {
	m.indexes, m.entries = m.indexes[:0], m.entries[:0]
	for _, e := range entries {
		m.indexes = append(m.indexes, e.Index)
		m.entries = append(m.entries, e.Cmd)
	}
	if cap(m.results) < len(entries) {
		m.results = make([]uint64, len(entries))
	}
	m.results = m.results[:len(entries)]
	err := m.replica.Apply(m.indexes, m.entries, m.results)
	clear(m.entries)
	if errors.Is(err, storage.ErrClosed) {
		// The replica is being stopped, and applies them when it is started again.
		for i := range m.results {
			m.results[i] = notApplied
		}
		err = nil
	}
	for i := range entries {
		entries[i].Result = statemachine.Result{Value: m.results[i]}
	}
	return entries, err
}

// Lookup implements statemachine.IOnDiskStateMachine. Reads go to the replica's engine.
func (m *machine) Lookup(any) (any, error) { return nil, errors.ErrUnsupported }

// Sync implements statemachine.IOnDiskStateMachine.
func (m *machine) Sync() error {
	if err := m.replica.Sync(); !errors.Is(err, storage.ErrClosed) {
		return err
	}
	return nil // the replica is being stopped
}

// PrepareSnapshot implements statemachine.IOnDiskStateMachine.
func (m *machine) PrepareSnapshot() (any, error) {
	dir, err := m.replica.Prepare()
	if err != nil {
		// Who needs it asks again, and a disk that is full here is no reason to end.
		return nil, statemachine.ErrSnapshotAborted
	}
	return dir, nil
}

// SaveSnapshot implements statemachine.IOnDiskStateMachine.
func (m *machine) SaveSnapshot(prepared any, w io.Writer, _ <-chan struct{}) error {
	if err := m.replica.Save(prepared.(string), w); err != nil {
		// The other side asks again, and a disk that fails here concerns one snapshot.
		return statemachine.ErrSnapshotAborted
	}
	return nil
}

// RecoverFromSnapshot implements statemachine.IOnDiskStateMachine. The library keeps a snapshot
// that was not taken, and gives it again when the replica is started again.
func (m *machine) RecoverFromSnapshot(r io.Reader, stop <-chan struct{}) error {
	if err := m.replica.Restore(r); err != nil {
		m.fail(err, stop)
		return statemachine.ErrSnapshotStopped
	}
	return nil
}

// Close implements statemachine.IOnDiskStateMachine.
func (m *machine) Close() error {
	m.replica.Close()
	return nil
}
