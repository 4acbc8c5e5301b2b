package mantisdb

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"runtime"
	"sync"

	"github.com/mantisdb/mantisdb/storage"
)

// ChangeKind tells what a Change is.
type ChangeKind = storage.OpKind

// The kinds of change.
const (
	ChangePut         = storage.OpPut         // a value was stored, or its expiry changed
	ChangeDelete      = storage.OpDelete      // a key was deleted, which need not have existed
	ChangeDeleteRange = storage.OpDeleteRange // a range of keys was deleted
)

// Change is one operation of a committed write. Its fields:
//
//   - Kind ChangeKind is ChangePut, ChangeDelete or ChangeDeleteRange.
//   - Key []byte is what was put or deleted; of a deleted range the first key, nil for
//     the first of all.
//   - Value []byte is what was put, else nil.
//   - End []byte is the first key after a deleted range, nil if it has no end.
//   - ExpiresAt int64 is when the put value expires, in Unix milliseconds; 0 is never.
//   - Version uint64 is that of the operation. The operations of a batch have one each,
//     in a row.
//
// Its bytes are borrowed: valid until the watch goes on, or is closed.
type Change = storage.Change

// WatchBufferLen is how many bytes of changes a database keeps for all its watches
// together while there are any, and for WatchKeptFor after: 16 MiB, and no more than a
// sixteenth of a memory limit.
const WatchBufferLen = storage.WatchBufferLen

// Watch delivers the changes of a range of keys in the order of their versions, each
// once. It is read by one goroutine at a time; Close may come from another. It must be
// closed, since changes are kept for it. Once it or its database is closed, it ends with
// ErrClosed.
type Watch struct {
	ks       *Keyspace
	feed     storage.Feed
	leave    func() // the watchers of the database
	reached  uint64
	key, end []byte // room for those that are stored otherwise
	cleanup  runtime.Cleanup
}

// Watch begins to watch a range: for a from of 0 what is committed from now on, else
// all changes with that version or a greater one. To go on after a change, begin from
// its Version + 1.
//
// It is in force when it returns: a write that begins then is delivered, and what a
// read finds that begins then is either older than From, or delivered. So to follow a
// state without a gap, watch first and then read:
//
//	watch, err := db.Watch(mantisdb.Range{}, 0)
//	snapshot, err := db.Snapshot()
//	// read the snapshot; then, of the changes, take those whose Version is greater
//	// than snapshot.Version()
//
// What was committed before the call is delivered as far as it can still be had, else
// it is ErrHistoryGone. The Rust engine finds it in its log, which reaches back to the
// last flush or farther; it is not in there if it was written with DurabilityMemory. In
// memory, and with the Go engine, only what is kept for watches can be had: what was
// committed while there was one, or within WatchKeptFor after the last one.
//
// A deletion is delivered whether or not there was anything to delete; a modification
// as the value that it stored, or as a deletion; one that changed nothing not at all.
// That a value expires is no change: what was put tells when it will. Of a deleted
// range, the part is told that lies in the range that is watched. A change is delivered
// once reads can see it, whether or not it is on disk yet: a loss of power may take it
// back, and give its version to another one.
//
// r.Reverse must not be set; r.KeysOnly leaves values out.
func (db *DB) Watch(r Range, from uint64) (*Watch, error) { return db.main.Watch(r, from) }

// Watch begins to watch a range of the keyspace, as DB.Watch does of the default one.
// Once the keyspace is dropped, the watch ends with ErrKeyspaceDropped; whether the
// drop itself is delivered before, as the deletion of the range, is not certain.
func (ks *Keyspace) Watch(r Range, from uint64) (*Watch, error) {
	if err := ks.check(); err != nil {
		return nil, err
	}
	feed, err := ks.engine.Watch(ks.region.bounds(r), from)
	if err != nil {
		return nil, err
	}
	if err := ks.db.watchers.enter(ks.engine); err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	w := &Watch{ks: ks, feed: feed, reached: feed.From(), leave: sync.OnceFunc(ks.db.watchers.leave)}
	w.cleanup = runtime.AddCleanup(w, closeForgottenFeed, forgottenFeed{feed, ks.db.logger, w.leave})
	return w, nil
}

// forgottenFeed is what is left of a watch that was dropped without Close.
type forgottenFeed struct {
	feed   storage.Feed
	logger *slog.Logger
	leave  func()
}

// closeForgottenFeed is a net and not the way, as closeForgotten is.
func closeForgottenFeed(f forgottenFeed) {
	f.logger.Warn("a watch was dropped without Close", "from", f.feed.From())
	f.feed.Close()
	f.leave()
}

// From is the least version that the watch delivers: where to begin again if it
// delivered nothing.
func (w *Watch) From() uint64 { return w.feed.From() }

// Reached is from where to begin again to go on: the version behind that of the change that Next
// returned last; and if the engine tells, as that of a shard in a cluster does, behind all that Next has
// passed over since then, as it is of another range. Before all that it is From. It is called by who calls
// Next.
func (w *Watch) Reached() uint64 {
	if feed, tells := w.feed.(storage.PassingFeed); tells {
		return feed.Reached()
	}
	return w.reached
}

// Next returns the next change. It looks for one, and waits for it, as long as ctx
// lives; with a context that had ended before, it looks at what is there: at all of it, or in a
// cluster, where that may be long, at a part, which Reached tells. That context's error is not the watch's: Next
// may be called again, and goes on. Any other error is final: ErrClosed,
// ErrWatchTooSlow, ErrHistoryGone, ErrKeyspaceDropped.
func (w *Watch) Next(ctx context.Context) (Change, error) {
	defer runtime.KeepAlive(w) // else the net could close w.feed under the call
	c, err := w.take(ctx)
	if err != nil {
		return Change{}, err
	}
	w.reached = c.Version + 1
	w.translate(&c)
	return c, nil
}

// take takes the next change from the feed: of a keyspace that was dropped as long as there is one.
func (w *Watch) take(ctx context.Context) (Change, error) {
	dropped := w.ks.check()
	if dropped == nil {
		c, err := w.feed.Next(ctx)
		if errors.Is(err, storage.ErrMoreToLookAt) {
			err = ctx.Err()
		}
		return c, err
	}
	for {
		c, err := w.feed.Next(justLooking)
		switch more := errors.Is(err, storage.ErrMoreToLookAt); {
		case more && ctx.Err() != nil:
			return c, ctx.Err()
		case !more && errors.Is(err, context.Canceled):
			return c, dropped
		case !more:
			return c, err
		}
	}
}

// justLooking has ended: with it, nobody waits.
var justLooking = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// translate makes the stored keys of a change the user's.
func (w *Watch) translate(c *Change) {
	region := &w.ks.region
	if c.Kind != ChangeDeleteRange {
		c.Key = region.key(c.Key, &w.key)
		return
	}
	c.Key, c.End = region.parts(Range{Start: c.Key, End: c.End}, &w.key, &w.end)
}

// Changes yields the changes as they come, until ctx ends or the loop does. An error is
// the last thing it yields, with a zero Change: that of ctx, or one of Next. It may be
// called again after the loop has ended, and goes on where that stopped.
func (w *Watch) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			err := ctx.Err()
			var c Change
			if err == nil {
				c, err = w.Next(ctx)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the watch; closing again returns nil.
func (w *Watch) Close() error {
	w.cleanup.Stop()
	w.leave()
	return w.feed.Close()
}
