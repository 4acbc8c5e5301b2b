package cache

import (
	"context"
	"errors"
	"fmt"
)

// BulkLoader gets the values of keys from where they come from: one result a key, in
// their order. The keys are borrowed for the call.
type BulkLoader func(ctx context.Context, keys [][]byte) ([]Loaded, error)

// Loaded is what a BulkLoader found for a key.
type Loaded struct {
	Found   bool
	Value   []byte
	Options EntryOptions
}

// GetOrLoadMany reads keys into out, which it empties first, and loads and stores those
// that have no value: in one call of load, unless others load some of them already, or
// what they loaded turns out to be stale. What the load did not find is missing in out,
// and nothing is stored for it; those who wait for it in GetOrLoad get ErrNotFound. Else it is as GetOrLoad; an error leaves out empty.
func (c *Cache) GetOrLoadMany(ctx context.Context, out *Values, keys [][]byte, load BulkLoader) error {
	if err := c.GetManyInto(out, keys); err != nil {
		return err
	}
	missing := 0
	for i := range keys {
		if _, found := out.At(i); !found {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	err := c.loadMissing(ctx, out, keys, load)
	if err != nil {
		out.Reset()
	}
	return err
}

func (c *Cache) loadMissing(ctx context.Context, out *Values, keys [][]byte, load BulkLoader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tickets := make([]ticket, len(keys))
	var ours []*flight
	for i, key := range keys {
		if _, found := out.At(i); !found {
			tickets[i] = c.flights.join(key)
			if tickets[i].begun {
				ours = append(ours, tickets[i].flight)
			}
		}
	}
	if len(ours) > 0 {
		go c.flyMany(context.WithoutCancel(ctx), ours, load)
	}
	whole := Values{arena: make([]byte, 0, cap(out.arena)), spans: make([]span, 0, len(keys))}
	for i, key := range keys {
		if value, found := out.At(i); found {
			whole.AppendFound(value)
			continue
		}
		if err := c.await(ctx, &whole, tickets[i], key, load); err != nil {
			return err
		}
	}
	out.arena, out.spans = whole.arena, whole.spans
	return nil
}

// await appends what a flight brings, or what a load of the key alone brings if that is
// stale.
func (c *Cache) await(ctx context.Context, out *Values, t ticket, key []byte, load BulkLoader) error {
	select {
	case <-t.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	start := len(out.arena)
	var arena []byte
	var err error
	if t.stale() {
		arena, err = c.AppendGetOrLoad(ctx, out.arena, key, load.one)
	} else {
		arena, err = t.appendTo(out.arena)
	}
	switch {
	case err == nil:
		out.arena = arena
		out.spans = append(out.spans, span{start, len(arena)})
	case errors.Is(err, ErrNotFound):
		out.AppendMissing()
	default:
		return err
	}
	return nil
}

// one is a Loader of a single key.
func (load BulkLoader) one(ctx context.Context, key []byte) ([]byte, EntryOptions, error) {
	loaded, err := load.call(ctx, [][]byte{key})
	if err != nil {
		return nil, EntryOptions{}, err
	}
	if !loaded[0].Found {
		return nil, EntryOptions{}, ErrNotFound
	}
	return loaded[0].Value, loaded[0].Options, nil
}

func (load BulkLoader) call(ctx context.Context, keys [][]byte) ([]Loaded, error) {
	loaded, err := load(ctx, keys)
	if err == nil && len(loaded) != len(keys) {
		err = fmt.Errorf("cache: a bulk load of %d keys returned %d results", len(keys), len(loaded))
	}
	return loaded, err
}

// flyMany runs flights from their beginning to their end.
func (c *Cache) flyMany(ctx context.Context, flights []*flight, load BulkLoader) {
	flights = c.landPresent(flights)
	if len(flights) == 0 {
		return
	}
	var loaded []Loaded
	var err error
	returned := false
	defer func() {
		panicked := recover()
		for i, f := range flights {
			var o EntryOptions
			f.err = err
			f.settle(panicked, returned)
			if returned && err == nil {
				o = loaded[i].Options
				f.take(&loaded[i])
			}
			c.land(f, &o)
		}
	}()
	keys := make([][]byte, len(flights))
	for i, f := range flights {
		keys[i] = []byte(f.key)
	}
	c.flights.loads.Add(uint64(len(flights)))
	loaded, err = load.call(ctx, keys)
	returned = true
}

// take is a flight's part of a bulk load.
func (f *flight) take(l *Loaded) {
	f.value, f.err = l.Value, l.Options.check()
	if !l.Found {
		f.err = ErrNotFound
	}
}

// landPresent ends the flights whose key somebody has stored between the miss and the
// beginning, and returns the others.
func (c *Cache) landPresent(flights []*flight) []*flight {
	absent := flights[:0]
	for _, f := range flights {
		if has, err := c.Has([]byte(f.key)); has && err == nil {
			f.again = true
			c.flights.land(f, nil)
		} else {
			absent = append(absent, f)
		}
	}
	return absent
}
