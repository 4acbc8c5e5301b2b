package backed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// flusher writes what a queue has to a store, in one goroutine: so the writes of a key
// reach the store in their order.
type flusher struct {
	queue *queue
	store Store
	o     BehindOptions
	ctx   context.Context // ends when the rest is abandoned
	done  chan struct{}   // closed at the end
	// size is how many writes the next batch may have. It is halved when a whole batch
	// fails, down to one, which then waits behind all others: so a single write that
	// the store will not have comes to hold up nobody.
	size int
}

// run ends when the queue is closed and empty, or the rest is abandoned.
func (f *flusher) run() {
	defer close(f.done)
	f.size = f.o.BatchSize
	for f.ctx.Err() == nil {
		batch := f.next()
		if batch == nil {
			return
		}
		failed, err := f.write(batch)
		f.queue.land(batch, failed, len(batch) > 1 && all(failed))
		if err == nil {
			f.size = min(f.o.BatchSize, 2*f.size)
			f.queue.success()
			continue
		}
		if all(failed) {
			f.size = max(1, len(batch)/2)
		}
		f.pause(f.failed(err))
	}
}

func all(failed []bool) bool { return !slices.Contains(failed, false) }

// next waits for a batch that is due; nil is the end.
func (f *flusher) next() []Write {
	for {
		due, end := f.queue.due()
		if due == 0 {
			return f.queue.take(f.size)
		}
		if end || !f.wait(due) {
			return nil
		}
	}
}

// wait returns when there may be something to do: at the latest after due, if that is not
// negative. It is false at the end.
func (f *flusher) wait(due time.Duration) bool {
	var timeout <-chan time.Time
	if due > 0 {
		timer := time.NewTimer(due)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-f.queue.wake:
	case <-timeout:
	case <-f.ctx.Done():
		return false
	}
	return true
}

// pause waits after failures, but not on once the rest is abandoned.
func (f *flusher) pause(failures int) {
	wait := f.o.RetryMin
	for ; failures > 1 && wait < f.o.RetryMax; failures-- {
		wait *= 2
	}
	wait = min(wait, f.o.RetryMax)
	timer := time.NewTimer(wait - rand.N(wait/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.ctx.Done():
	}
}

// failed tells of a batch that failed.
func (f *flusher) failed(err error) int {
	failures := f.queue.failure(err)
	if f.o.OnError != nil {
		f.o.OnError(err, failures)
	}
	return failures
}

// write writes a batch to the store, and returns which writes failed, and why.
func (f *flusher) write(batch []Write) ([]bool, error) {
	if bulk, can := f.store.(BulkWriter); can {
		err := f.call(func(ctx context.Context) error { return bulk.WriteMany(ctx, batch) })
		return slices.Repeat([]bool{err != nil}, len(batch)), err
	}
	var writers sync.WaitGroup
	errs := make([]error, len(batch))
	next := make(chan int)
	for range min(f.o.Concurrency, len(batch)) {
		writers.Go(func() {
			for i := range next {
				errs[i] = f.call(func(ctx context.Context) error { return write(ctx, f.store, &batch[i]) })
			}
		})
	}
	for i := range batch {
		next <- i
	}
	close(next)
	writers.Wait()
	failed := make([]bool, len(batch))
	for i, err := range errs {
		failed[i] = err != nil
	}
	return failed, errors.Join(errs...)
}

// call calls the store. A panic in it is an error: it must not end the goroutine on which
// every other write depends.
func (f *flusher) call(store func(context.Context) error) (err error) {
	ctx := f.ctx
	if f.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.o.Timeout)
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("backed: the store panicked: %v", p)
		}
	}()
	return store(ctx)
}
