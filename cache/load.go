package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Loader gets the value of a key from where it comes from, and says how it is to be
// stored. The key is borrowed for the call; the value is not changed afterwards by
// either side.
type Loader func(ctx context.Context, key []byte) (value []byte, o EntryOptions, err error)

// LoadPanic is what GetOrLoad panics with if the load did: in every goroutine that waits
// for it.
type LoadPanic struct {
	Value any    // what the load panicked with
	Stack []byte // of the load
}

// Error is the value and the stack.
func (p *LoadPanic) Error() string {
	return fmt.Sprintf("cache: a load panicked: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap is the value, if it is an error.
func (p *LoadPanic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// GetOrLoad returns the value of key, which it loads and stores if the key has none. Of
// those who ask for a key at once only the first one's load runs, and all get what it
// returns: its value, its error, which is not stored, or its panic, as a *LoadPanic.
//
// The load runs in a goroutine of its own, under the first one's ctx without its
// cancellation: who waits leaves when their own ctx ends, with its error, and the load
// goes on for the others.
//
// A load never brings back what was written over. If the key is stored or deleted while
// its load runs (by itself, with its prefix, with a tag of the loaded value, or with
// everything), those who were waiting still get what was loaded; it is not stored, and
// who comes later does not wait for it.
//
// A value that is too large for the cache is returned all the same. A load must not wait
// for a load of the same key.
func (c *Cache) GetOrLoad(ctx context.Context, key []byte, load Loader) ([]byte, error) {
	value, err := c.AppendGetOrLoad(ctx, nil, key, load)
	if err != nil {
		return nil, err
	}
	return nonNil(value), nil
}

// AppendGetOrLoad is GetOrLoad that appends the value to dst, as AppendGet does. If the
// key has a value and dst has room, it allocates nothing.
func (c *Cache) AppendGetOrLoad(ctx context.Context, dst, key []byte, load Loader) ([]byte, error) {
	for {
		value, err := c.AppendGet(dst, key)
		if !errors.Is(err, ErrNotFound) {
			return value, err
		}
		if err := ctx.Err(); err != nil {
			return dst, err
		}
		t := c.flights.join(key)
		if t.begun {
			go c.fly(context.WithoutCancel(ctx), t.flight, load)
		}
		select {
		case <-t.done:
		case <-ctx.Done():
			return dst, ctx.Err()
		}
		if !t.stale() {
			return t.appendTo(dst)
		}
	}
}

// appendTo is what the flight has brought.
func (f *flight) appendTo(dst []byte) ([]byte, error) {
	switch {
	case f.panic != nil:
		panic(f.panic)
	case f.err != nil:
		return dst, f.err
	default:
		return append(dst, f.value...), nil
	}
}

// fly runs a flight from its beginning to its end.
func (c *Cache) fly(ctx context.Context, f *flight, load Loader) {
	// Somebody may have stored it between the miss and the flight's beginning.
	if has, err := c.Has([]byte(f.key)); has && err == nil {
		f.again = true
		c.flights.land(f, nil)
		return
	}
	var o EntryOptions
	returned := false
	defer func() {
		f.settle(recover(), returned)
		c.land(f, &o)
	}()
	c.flights.loads.Add(1)
	f.value, o, f.err = load(ctx, []byte(f.key))
	if f.err == nil {
		f.err = o.check()
	}
	returned = true
}

// settle makes errors of a load that did not return: of a panic and of runtime.Goexit.
func (f *flight) settle(panicked any, returned bool) {
	switch {
	case panicked != nil:
		f.panic = &LoadPanic{Value: panicked, Stack: debug.Stack()}
	case !returned:
		f.err = ErrLoadExited
	}
}

// land stores what a flight has brought, if it may, and ends it.
func (c *Cache) land(f *flight, o *EntryOptions) {
	if f.err != nil || f.panic != nil {
		if !errors.Is(f.err, ErrNotFound) {
			c.flights.failed.Add(1)
		}
		c.flights.land(f, nil)
		return
	}
	f.tags = o.Tags
	c.flights.land(f, func() { c.keep(f, o) })
}

// keep stores what a flight has brought where there is nothing. If that fails, it was
// loaded all the same.
func (c *Cache) keep(f *flight, o *EntryOptions) {
	key := []byte(f.key)
	if e, err := c.entry(key, o); err == nil && checkValue(f.value) == nil {
		_, _ = c.engine.setIfAbsent(key, f.value, e)
	}
}
