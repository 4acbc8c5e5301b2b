package storage

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
)

// pebbleFeed is a Feed of the pure-Go engine. It has what is kept for feeds, and no
// history.
type pebbleFeed struct {
	engine   *GoStorageEngine
	r        Range
	from     uint64
	position uint64 // everything up to this version was delivered
	closed   atomic.Bool

	ahead   []publication // to be delivered
	rest    []byte        // what of the current one is to come
	version uint64        // that of the next operation in rest
}

// Watch implements Engine. Like a snapshot, a feed begins while no write is under way.
func (e *GoStorageEngine) Watch(r Range, from uint64) (_ Feed, err error) {
	if err := CheckWatch(r); err != nil {
		return nil, err
	}
	if err := e.enter(); err != nil {
		return nil, err
	}
	defer e.leave(&err)
	last := e.joinChanges()
	if from == 0 {
		from = last + 1
	}
	r.Start, r.End = bytes.Clone(r.Start), bytes.Clone(r.End)
	f := &pebbleFeed{engine: e, r: r, from: from, position: from - 1}
	if f.ahead, _, err = e.changes.after(f.position); err != nil {
		e.changes.leave()
		return nil, fmt.Errorf("%w: %w", ErrHistoryGone, err)
	}
	return f, nil
}

func (e *GoStorageEngine) joinChanges() (last uint64) {
	e.commits.Lock()
	defer e.commits.Unlock()
	last = e.versions.last.Load()
	e.changes.join(last)
	return last
}

// From implements Feed.
func (f *pebbleFeed) From() uint64 { return f.from }

// Next implements Feed.
func (f *pebbleFeed) Next(ctx context.Context) (Change, error) {
	var rung <-chan struct{}
	looks := false
	for fetches := 0; ; fetches++ {
		if err := f.check(); err != nil {
			return Change{}, err
		}
		if c, ok := f.pending(); ok {
			return c, nil
		}
		if ended := ctx.Err() != nil; fetches == 0 {
			looks = ended
		} else if ended && !looks {
			// There may be much behind it that is not of the range.
			return Change{}, ctx.Err()
		}
		if err := f.fetch(); err != nil {
			return Change{}, err
		}
		switch {
		case len(f.ahead) > 0:
			continue
		case rung == nil:
			// What was told before that has rung for nobody, and is looked for again.
			rung = f.engine.changes.told.listen()
			continue
		}
		select {
		case <-rung:
			rung = nil
		case <-ctx.Done():
			return Change{}, ctx.Err()
		}
	}
}

// check is why the feed does not go on.
func (f *pebbleFeed) check() error {
	if f.closed.Load() {
		return ErrClosed
	}
	if err := f.engine.enter(); err != nil {
		return err
	}
	f.engine.gate.leave()
	return nil
}

// pending is the next change of the range in what was fetched.
func (f *pebbleFeed) pending() (Change, bool) {
	for {
		for len(f.rest) > 0 {
			op, rest := unpack(f.rest)
			version := f.version
			f.rest, f.version = rest, version+1
			if version <= f.position {
				continue
			}
			f.position = version
			if c, ok := f.r.ChangeOf(op, version); ok {
				return c, true
			}
		}
		if len(f.ahead) == 0 {
			return Change{}, false
		}
		f.rest, f.version = f.ahead[0].packed, f.ahead[0].first
		f.ahead = f.ahead[1:]
	}
}

// fetch takes what has been told since.
func (f *pebbleFeed) fetch() error {
	if f.closed.Load() {
		return ErrClosed
	}
	writes, end, err := f.engine.changes.after(f.position)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrWatchTooSlow, err)
	}
	if f.ahead = writes; len(writes) == 0 {
		f.position = max(f.position, end)
	}
	return nil
}

// Close implements Feed.
func (f *pebbleFeed) Close() error {
	if !f.closed.Swap(true) {
		f.engine.changes.leave()
		f.engine.changes.told.ring() // its reader may wait
	}
	return nil
}
