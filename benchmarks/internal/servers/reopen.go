package servers

import (
	"context"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// A server that is there again is waited for so long, and asked so often.
const (
	openWithin = 2 * time.Minute
	askEvery   = time.Millisecond
)

// reopen kills the server and starts it again, and writes the record of how long it takes
// until it answers a read, and of how many keys are gone.
func (r *runner) reopen(ctx context.Context) error {
	r.servers.Kill()
	start := time.Now()
	if err := r.servers.Restart(ctx); err != nil {
		return err
	}
	c, err := r.firstRead(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	seconds := time.Since(start).Seconds()
	count, err := c.Count(ctx)
	if err != nil {
		return err
	}
	usage, err := r.servers.Usage()
	if err != nil {
		return err
	}
	record, lost := r.record("open_after_kill"), r.Keys-min(count, r.Keys)
	record.Threads, record.Seconds, record.OpenSeconds, record.Lost = 1, seconds, seconds, &lost
	record.LogBytes = r.Keys * uint64(work.KeyLen+r.ValueBytes)
	record.AnonBytes, record.AnonPeakBytes, record.FileBytes = usage.Anon, usage.Anon, usage.File
	return r.write(record)
}

// firstRead waits until a key is read, and returns the client that has read it.
func (r *runner) firstRead(ctx context.Context) (client, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	c, err := r.system.dial(r.servers[0].Addr())
	if err != nil {
		return nil, err
	}
	var key [work.KeyLen]byte
	for {
		_, err := c.Get(ctx, string(work.Key(&key, r.Keys-1)))
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			c.Close()
			return nil, fmt.Errorf("open after a kill: %w", err)
		}
		time.Sleep(askEvery)
	}
}
