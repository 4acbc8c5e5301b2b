package backed

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// Behind reads by way of the cache and writes to the cache and a bounded queue, from which
// the store is written in the background. It may be used from many goroutines at once, and
// must be closed.
//
// Once a write has returned, reads get what was written, whether or not the store has it
// and the cache still does. Of a key's writes that wait in the queue only the newest
// reaches the store; the writes of a key reach it in their order. A write that fails is
// tried again until it succeeds.
type Behind struct {
	reader
	queue   *queue
	flusher flusher
	abandon context.CancelFunc
	// What is written of a key goes into the queue and into the cache in the same order.
	seed  maphash.Seed
	locks [64]struct {
		sync.Mutex
		_ [56]byte // a cache line each
	}
}

// QueueStats are the figures of a Behind's queue.
type QueueStats struct {
	Queued      int    // keys with writes that the store may not have
	QueuedBytes int64  // of their keys and values
	Written     uint64 // writes that the store has taken
	Coalesced   uint64 // writes that it never gets, since newer ones came
	Failures    uint64 // batches that failed, in whole or in part
	InARow      int    // how many the last ones were that failed; 0 if the last one succeeded
	LastError   error  // of the last one, if that failed
}

// NewBehind puts a cache before a store.
func NewBehind(c *cache.Cache, s Store, o BehindOptions) (*Behind, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	b := &Behind{queue: newQueue(o), seed: maphash.MakeSeed()}
	if err := b.init(c, s, o.Options); err != nil {
		return nil, err
	}
	b.pending = b.queue.get
	b.flusher = flusher{queue: b.queue, store: s, o: o, done: make(chan struct{})}
	b.flusher.ctx, b.abandon = context.WithCancel(context.Background())
	go b.flusher.run()
	return b, nil
}

// Set writes value under key.
func (b *Behind) Set(ctx context.Context, key, value []byte) error {
	return b.Write(ctx, Write{Key: key, Entry: Entry{Value: value}})
}

// SetTTL writes value under key for ttl, rounded up to whole milliseconds.
func (b *Behind) SetTTL(ctx context.Context, key, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("%w: %v is not positive", cache.ErrInvalidTTL, ttl)
	}
	return b.Write(ctx, Write{Key: key, Entry: Entry{Value: value, ExpiresAt: expiryAfter(ttl)}})
}

// Delete removes key, which need not exist.
func (b *Behind) Delete(ctx context.Context, key []byte) error {
	return b.Write(ctx, Write{Key: key, Deleted: true})
}

// Write carries out one write. It waits only for room in the queue; if ctx ends before
// there is some, or BehindOptions.FailWhenFull does not let it wait, nothing has changed.
func (b *Behind) Write(ctx context.Context, w Write) error {
	if err := b.prepare(&w); err != nil {
		return err
	}
	for {
		full, err := b.tryWrite(&w)
		if full == nil || err != nil {
			return err
		}
		if b.flusher.o.FailWhenFull {
			return ErrQueueFull
		}
		select {
		case <-full:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryWrite writes unless the queue is full, see queue.push.
func (b *Behind) tryWrite(w *Write) (full <-chan struct{}, err error) {
	lock := &b.locks[maphash.Bytes(b.seed, w.Key)%uint64(len(b.locks))]
	lock.Lock()
	defer lock.Unlock()
	full, err = b.queue.push(w)
	if full != nil || err != nil {
		return full, err
	}
	if w.Deleted {
		return nil, b.Invalidate(w.Key)
	}
	return nil, b.keep(w.Key, w.Entry)
}

// Flush returns nil once the store has everything that was written before the call, or
// newer values. If ctx ends before, it is an ErrUnsaved with the context's error and the
// store's; nothing is lost then.
func (b *Behind) Flush(ctx context.Context) error {
	f := b.queue.flush()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
	case <-b.flusher.done:
		select {
		case <-f.done: // both at once
			return nil
		default:
			return b.unsaved(ErrClosed)
		}
	}
	b.queue.forget(f)
	return b.unsaved(ctx.Err())
}

// Close refuses further writes with ErrClosed, and returns nil once the store has
// everything that was written before. If ctx ends before, it is an ErrUnsaved; the rest is
// still being written in the background, and Close may be called again. Reads go on.
func (b *Behind) Close(ctx context.Context) error {
	b.queue.close()
	select {
	case <-b.flusher.done:
	case <-ctx.Done():
		return b.unsaved(ctx.Err())
	}
	return nil
}

// Abandon closes without waiting for the store: it ends the attempts and returns the
// writes that the store may not have, at most one a key, the longest waiting first; the
// caller may save them elsewhere. The cache may have them still, so it should be closed or
// cleared. Close then returns nil.
func (b *Behind) Abandon() []Write {
	b.queue.close()
	b.abandon()
	<-b.flusher.done
	return b.queue.drain()
}

// Queue are the figures of the queue.
func (b *Behind) Queue() QueueStats { return b.queue.figures() }

// unsaved is the error of who waited in vain.
func (b *Behind) unsaved(why error) error {
	s := b.queue.figures()
	if s.LastError == nil {
		return fmt.Errorf("%w: %d keys: %w", ErrUnsaved, s.Queued, why)
	}
	return fmt.Errorf("%w: %d keys: %w; the store's last error: %w", ErrUnsaved, s.Queued, why, s.LastError)
}
