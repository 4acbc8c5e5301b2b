package backed

import (
	"errors"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// ErrQueueFull: the write was refused, and nothing has changed. See
// BehindOptions.FailWhenFull.
var ErrQueueFull = errors.New("backed: the queue of writes is full")

// ErrUnsaved: the store does not have everything yet that was written to a Behind.
var ErrUnsaved = errors.New("backed: writes are not in the store")

// BehindOptions say how to write behind. The zero value is a good choice.
type BehindOptions struct {
	Options
	// MaxQueued is how many keys may have writes that the store does not have; 0 is
	// 10,000.
	MaxQueued int
	// MaxQueuedBytes is how many bytes their keys and values may have; 0 is 64 MiB. A
	// single larger write is taken when nothing else is queued.
	MaxQueuedBytes int64
	// FailWhenFull has a write that finds no room fail with ErrQueueFull. Else it waits
	// for room, until its context ends.
	FailWhenFull bool
	// Interval is how long a write waits for others at most; 0 is a second.
	Interval time.Duration
	// BatchSize is how many keys are written together, and begin to be as soon as there
	// are so many; 0 is 1,000.
	BatchSize int
	// Concurrency is how many keys of a batch are written at once if the store is no
	// BulkWriter; 0 is 8.
	Concurrency int
	// Timeout is how long a call of the store may take, by its context; 0 is for ever.
	Timeout time.Duration
	// RetryMin and RetryMax are how long to wait after a batch that failed: RetryMin
	// after the first, twice as long after each further one, up to RetryMax, and each
	// time up to a half less, at random. 0 is 50 ms and 5 s.
	RetryMin, RetryMax time.Duration
	// OnError is told of each batch that failed, in whole or in part, and how many have
	// in a row; nil hears nothing. The next attempt waits for it. It must not call Close,
	// Flush or Abandon.
	OnError func(err error, failures int)
}

// fill checks the options and puts in what is not given.
func (o *BehindOptions) fill() error {
	if err := o.check(); err != nil {
		return err
	}
	return errors.Join(
		fill("MaxQueued", &o.MaxQueued, 10_000),
		fill("MaxQueuedBytes", &o.MaxQueuedBytes, 64<<20),
		fill("Interval", &o.Interval, time.Second),
		fill("BatchSize", &o.BatchSize, 1000),
		fill("Concurrency", &o.Concurrency, 8),
		fill("RetryMin", &o.RetryMin, 50*time.Millisecond),
		fill("RetryMax", &o.RetryMax, max(5*time.Second, o.RetryMin)),
		fill("Timeout", &o.Timeout, 0),
	)
}

func fill[T int | int64 | time.Duration](name string, option *T, instead T) error {
	if *option < 0 {
		return fmt.Errorf("%w: %s is %v", cache.ErrInvalidOptions, name, *option)
	}
	if *option == 0 {
		*option = instead
	}
	return nil
}
