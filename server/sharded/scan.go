package sharded

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// Scan implements server.Keyspace. A shard whose leader changes while the scan reads it is read
// on as of a later moment, behind the last key that was read.
func (k keyspace) Scan(ctx context.Context, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	if shard, ok := shardOfRange(k.store.member.Topology(), r); ok {
		return k.scanShard(ctx, shard, r)
	}
	return func(yield func(mantisdb.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // for streams that nobody reads to their end
		m := newMerge(k.store.shards(), r.Reverse, func(shard int) iter.Seq2[mantisdb.Entry, error] {
			return k.scanShard(ctx, shard, r)
		})
		defer m.stop()
		for count := 0; r.Limit <= 0 || count < r.Limit; count++ {
			entry, ok, err := m.next()
			switch {
			case err != nil:
				yield(mantisdb.Entry{}, err)
				return
			case !ok, !yield(entry, nil):
				return
			}
		}
	}
}

// merge yields the entries of several scans in the order of their keys.
type merge struct {
	reverse bool
	scans   []*pulled // a heap: the one whose entry is next is the first
	all     []*pulled
	last    *pulled // whose entry was yielded, which is borrowed until the next step
}

// pulled is one scan, with the entry that it is at.
type pulled struct {
	entry mantisdb.Entry
	ok    bool
	err   error
	next  func() (mantisdb.Entry, error, bool)
	stop  func()
}

func (p *pulled) step() { p.entry, p.err, p.ok = p.next() }

// newMerge begins n scans, all at once, since each may have to ask another node.
func newMerge(n int, reverse bool, scan func(i int) iter.Seq2[mantisdb.Entry, error]) *merge {
	m := &merge{reverse: reverse, all: make([]*pulled, n)}
	for i := range m.all {
		m.all[i] = new(pulled)
		m.all[i].next, m.all[i].stop = iter.Pull2(scan(i))
	}
	_ = each(context.Background(), 0, n, func(_ context.Context, i int) error {
		m.all[i].step()
		return nil
	})
	m.scans = slices.Clone(m.all)
	m.scans = slices.DeleteFunc(m.scans, func(p *pulled) bool { return !p.ok })
	heap.Init(m)
	return m
}

func (m *merge) stop() {
	for _, p := range m.all {
		p.stop()
	}
}

// next is the next entry, borrowed until it is called again; ok is false behind the last one.
func (m *merge) next() (entry mantisdb.Entry, ok bool, err error) {
	if m.last != nil {
		m.last.step()
		if m.last.ok {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	if len(m.scans) == 0 {
		return mantisdb.Entry{}, false, nil
	}
	m.last = m.scans[0]
	return m.last.entry, true, m.last.err
}

// Len, Less, Swap, Push and Pop implement heap.Interface. Errors come first.
func (m *merge) Len() int { return len(m.scans) }
func (m *merge) Less(i, j int) bool {
	a, b := m.scans[i], m.scans[j]
	if a.err != nil || b.err != nil {
		return b.err == nil
	}
	order := bytes.Compare(a.entry.Key, b.entry.Key)
	return order != 0 && (order < 0) != m.reverse
}
func (m *merge) Swap(i, j int) { m.scans[i], m.scans[j] = m.scans[j], m.scans[i] }
func (m *merge) Push(x any)    { m.scans = append(m.scans, x.(*pulled)) }
func (m *merge) Pop() any {
	last := len(m.scans) - 1
	p := m.scans[last]
	m.scans = m.scans[:last]
	return p
}

// scanShard is the scan of one shard.
func (k keyspace) scanShard(ctx context.Context, shard int, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		s := shardScan{keyspace: k, shard: shard, rest: r, yield: yield}
		err := s.run(ctx)
		if err != nil && !errors.Is(err, errStopped) {
			yield(mantisdb.Entry{}, err)
		}
	}
}

// errStopped: whoever asked for entries wants no more of them.
var errStopped = errors.New("stopped")

// shardScan is a scan of one shard, which goes on with another leader where it broke off.
type shardScan struct {
	keyspace
	shard int
	rest  mantisdb.Range // what is behind the last entry that was yielded
	last  []byte         // its key
	count int            // how many were yielded
	yield func(mantisdb.Entry, error) bool
}

func (s *shardScan) run(ctx context.Context) error {
	if s.stale != nil {
		if done, err := s.replica(ctx); done {
			return err
		}
	}
	for {
		before := s.count
		err := s.store.At(ctx, s.shard, func(route *cluster.Route) error {
			err := s.at(ctx, route)
			if s.count > before && mayTryAgain(err) {
				return brokenOff{err} // whoever served so much has its patience anew
			}
			return err
		})
		if !errors.As(err, new(brokenOff)) {
			return err
		}
		if s.isDone() {
			return nil
		}
		s.goOn()
	}
}

// replica reads what a replica of this node has, and tells whether that was all: what is left, the
// leader is to be asked for.
func (s *shardScan) replica(ctx context.Context) (done bool, err error) {
	done, err = s.store.ReadReplica(s.shard, s.stale.bound, func(db *mantisdb.DB, age time.Duration) error {
		s.stale.note(age)
		return s.local(ctx, server.NewLocal(db))
	})
	if !done && s.count > 0 {
		s.goOn()
		done = s.isDone()
	}
	return done, err
}

// brokenOff is an error of a scan that has yielded something. It does not unwrap.
type brokenOff struct{ error }

// goOn makes the rest of the range what is behind the last entry.
func (s *shardScan) goOn() {
	if s.rest.Reverse {
		s.rest.End = bytes.Clone(s.last)
	} else {
		s.rest.Start = append(bytes.Clone(s.last), 0) // the least key greater than it
	}
}

func (s *shardScan) at(ctx context.Context, route *cluster.Route) error {
	if route.DB != nil {
		return s.local(ctx, server.NewLocal(route.DB))
	}
	r := s.rest
	r.Limit = s.left()
	request := &Request{Method: http.MethodGet, Target: keyspacePath(s.info.Name) + "/scan" + wire.ScanQuery(r)}
	resp, err := s.store.Send(ctx, route, s.shard, request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refusal(resp)
	}
	err = wire.ReadScan(resp.Body, r, s.tell)
	switch {
	case errors.As(err, new(*wire.BrokenScan)):
		return sendError(ctx, request, err)
	case isProblem(err, cluster.ErrNotLeader, "not-leader"), isProblem(err, mantisdb.ErrClosed, "unavailable"):
		return unserved{err}
	}
	return err
}

// local reads the shard where it is a database of this process.
func (s *shardScan) local(ctx context.Context, db server.Database) error {
	ks, err := s.in(ctx, db)
	if err != nil {
		return err
	}
	r := s.rest
	r.Limit = s.left()
	for entry, err := range ks.Scan(ctx, r) {
		if err != nil {
			return err
		}
		if err := s.tell(entry); err != nil {
			return err
		}
	}
	return nil
}

// isDone tells whether all was yielded that was asked for.
func (s *shardScan) isDone() bool { return s.rest.Limit > 0 && s.count >= s.rest.Limit }

// left is how many entries may still be yielded, 0 for any number.
func (s *shardScan) left() int {
	if s.rest.Limit <= 0 {
		return s.rest.Limit
	}
	return s.rest.Limit - s.count
}

// tell yields an entry.
func (s *shardScan) tell(entry mantisdb.Entry) error {
	s.count++
	s.last = append(s.last[:0], entry.Key...)
	if !s.yield(entry, nil) {
		return errStopped
	}
	return nil
}
