package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// feed tells what the group has agreed upon, while this replica leads it: what the replica keeps in
// memory, and before that what the group's log has. It ends with the term, behind which another leader's
// goes on with the same versions.
type feed struct {
	leader *Leader
	r      storage.Range
	from   uint64
	alive  context.Context // until Close, or the term's end
	end    context.CancelFunc
	closed atomic.Bool

	at    record    // all up to its entry was taken
	ahead []written // to be told
	rest  []byte    // what of the first one is to come
	next  uint64    // the version of its next operation
	begun bool      // whether the first changes are known to be there
	err   error     // the last word
}

// Watch implements storage.Engine. A version that any leader of the group has told is told by this one,
// too. Changes from before are those in the group's log that lie behind a mark of this replica.
func (l *Leader) Watch(r storage.Range, from uint64) (storage.Feed, error) {
	if err := storage.CheckWatch(r); err != nil {
		return nil, err
	}
	if _, err := l.current(); err != nil {
		return nil, err
	}
	r.Start, r.End = bytes.Clone(r.Start), bytes.Clone(r.End)
	f := &feed{leader: l, r: r, from: from, at: l.replica.changes.join()}
	f.alive, f.end = context.WithCancel(l.ended)
	if err := f.begin(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// begin finds where the feed begins, and that it can.
func (f *feed) begin() error {
	next := f.at.version() + 1
	if f.from == 0 {
		f.from = next
	}
	if f.from = firstChange(f.from); f.from == next {
		f.begun = true
		return nil
	}
	at, found := f.leader.replica.changes.before(f.from)
	if !found {
		return fmt.Errorf("%w: changes can be had from version %d on", storage.ErrHistoryGone, at.version()+1)
	}
	f.at = at
	_, err := f.fetch()
	f.begun = true
	return err
}

// From implements storage.Feed.
func (f *feed) From() uint64 { return f.from }

// fetchesAtOnce is how many times a feed fetches at most for who only looks.
const fetchesAtOnce = 16

// Next implements storage.Feed. There may be much behind a fetch that is not of the range: so whose context
// ends waits for the present one, and who only looks for some.
func (f *feed) Next(ctx context.Context) (storage.Change, error) {
	most := 1
	if ctx.Err() != nil {
		most = fetchesAtOnce
	}
	for fetches := 0; ; fetches++ {
		switch {
		case f.closed.Load():
			return storage.Change{}, storage.ErrClosed
		case f.leader.begin() != nil:
			return storage.Change{}, f.leader.begin()
		case f.err != nil:
			return storage.Change{}, f.err
		}
		if c, ok := f.pending(); ok {
			return c, nil
		}
		if fetches >= most && ctx.Err() != nil {
			return storage.Change{}, errors.Join(ctx.Err(), storage.ErrMoreToLookAt)
		}
		more, err := f.fetch()
		if err != nil {
			f.err = err
			continue
		}
		if more == nil {
			continue
		}
		select {
		case <-more:
		case <-f.alive.Done():
		case <-ctx.Done():
			return storage.Change{}, ctx.Err()
		}
	}
}

// Reached implements storage.PassingFeed.
func (f *feed) Reached() uint64 {
	reached := f.at.version() + 1
	switch {
	case len(f.rest) > 0:
		reached = f.next
	case len(f.ahead) > 0:
		reached = f.ahead[0].first
	}
	return max(f.from, reached)
}

// pending is the next change of the range in what was fetched.
func (f *feed) pending() (storage.Change, bool) {
	for {
		for len(f.rest) > 0 {
			op, rest := storage.UnpackOp(f.rest)
			version := f.next
			f.rest, f.next = rest, version+1
			if version < f.from {
				continue
			}
			if c, ok := f.r.ChangeOf(op, version); ok {
				return c, true
			}
		}
		if len(f.ahead) == 0 {
			return storage.Change{}, false
		}
		f.rest, f.next = f.ahead[0].packed, f.ahead[0].first
		f.ahead = f.ahead[1:]
	}
}

// fetch takes some of what is to come; if there is nothing, it returns what is closed once there is.
func (f *feed) fetch() (more <-chan struct{}, err error) {
	all, newest, more, inMemory := f.leader.replica.changes.after(&f.at)
	switch {
	case !inMemory:
		return nil, f.read(newest.index)
	case len(all) == 0:
		f.at = newest
		return more, nil
	}
	f.ahead, f.at = all, all[len(all)-1].after
	return nil, nil
}

// read takes some entries from the log, up to the newest that was applied.
func (f *feed) read(newest uint64) error {
	ctx, cancel := context.WithTimeout(f.alive, readLogWithin)
	defer cancel()
	entries, next, err := f.leader.proposer.group.Entries(ctx, f.at.index+1, newest+1)
	switch {
	case errors.Is(err, ErrCompacted) && f.begun:
		return fmt.Errorf("%w: %w", storage.ErrWatchTooSlow, err)
	case errors.Is(err, ErrCompacted):
		return fmt.Errorf("%w: %w", storage.ErrHistoryGone, err)
	case err != nil:
		return errors.Join(cluster.ErrNotLeader, err)
	}
	f.ahead = f.ahead[:0]
	for _, logged := range entries {
		if err := f.follow(logged); err != nil {
			return fmt.Errorf("entry %d: %w", logged.Index, err)
		}
	}
	f.at.index = next - 1
	return nil
}

// follow takes an entry of the log.
func (f *feed) follow(logged Logged) error {
	e, err := parseEntry(logged.Entry)
	if err != nil {
		return err
	}
	operations, err := storage.CheckPacked(e.packed)
	if err != nil {
		return err
	}
	takes, first := f.at.takes(&e), f.at.firstVersion()
	f.at.follow(logged.Index, &e, operations)
	if takes {
		f.ahead = append(f.ahead, written{f.at, first, e.packed})
	}
	return nil
}

// Close implements storage.Feed.
func (f *feed) Close() error {
	if !f.closed.Swap(true) {
		f.leader.replica.changes.leave()
		f.end()
	}
	return nil
}
