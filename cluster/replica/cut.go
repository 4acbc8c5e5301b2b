package replica

import (
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// Cut is a cluster.Cut of the shard that a Leader is of. What it has outlives the term.
type Cut struct {
	leader  *Leader
	frozen  frozen
	release func() (first bool)
}

// Cut makes one, once all writes that are under way have ended. Others wait until Resume, or
// for so long.
func (l *Leader) Cut(most time.Duration) (*Cut, error) {
	if err := l.begin(); err != nil {
		return nil, err
	}
	// With every latch, no write is between its evaluation and its end. One whose end nobody
	// knows has ended the term before it gave its latches back, which Resume finds.
	release := onlyOnce(l.latches.hold(&latchSet{whole: true}))
	engine, err := l.local()
	if err != nil {
		release()
		return nil, err
	}
	snap, err := engine.Snapshot()
	if err != nil {
		release()
		return nil, failed(err)
	}
	time.AfterFunc(most, func() { release() })
	return &Cut{leader: l, frozen: frozen{snap, l.view}, release: release}, nil
}

// onlyOnce is do, which is done by the first call alone; that is told so.
func onlyOnce(do func()) func() (first bool) {
	var once sync.Once
	return func() (first bool) {
		once.Do(func() { do(); first = true })
		return first
	}
}

// Resume implements cluster.Cut. If the term is still the present one after this node's own
// writes go on, no other leader has written before.
func (c *Cut) Resume() error {
	if !c.release() {
		return cluster.ErrCutOver
	}
	if _, err := c.leader.current(); err != nil {
		return err
	}
	return c.leader.present()
}

// Snapshot implements cluster.Cut.
func (c *Cut) Snapshot() storage.Snapshot { return c.frozen }

// Close implements cluster.Cut.
func (c *Cut) Close() error {
	c.release()
	return c.frozen.Close()
}

// frozen is a snapshot of a replica's engine without its record, whatever term there is.
type frozen struct {
	storage.Snapshot
	view view
}

// Version implements storage.Snapshot.
func (f frozen) Version() uint64 { return f.view.outward(f.Snapshot.Version()) }

// Scan implements storage.Snapshot.
func (f frozen) Scan(r storage.Range) (storage.Cursor, error) { return f.view.scan(f.Snapshot, r) }

// AppendGetMeta implements storage.Snapshot.
func (f frozen) AppendGetMeta(dst, key []byte) ([]byte, storage.Meta, error) {
	dst, meta, err := f.Snapshot.AppendGetMeta(dst, key)
	meta.Version = f.view.outward(meta.Version)
	return dst, meta, failed(err)
}

// WriteIf implements storage.Snapshot: what outlives its term writes nothing.
func (f frozen) WriteIf(*storage.Batch, *storage.ReadSet, storage.WriteOptions) (uint64, error) {
	return 0, cluster.ErrNotLeader
}
