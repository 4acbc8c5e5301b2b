package cache

import "time"

// Step moves the cache's clock forward.
func Step(c *Cache, d time.Duration) {
	c.clock.step(d)
	if e, ok := c.engine.(interface{ step(time.Duration) }); ok {
		e.step(d)
	}
}

// Now is the time by the cache's clock, in Unix milliseconds.
func Now(c *Cache) int64 { return c.clock.now() }

// Indexed is how many tags and keys the Go engine's indexes have.
func Indexed(c *Cache) (tags, keys int) {
	x := &c.engine.(*otterEngine).index
	x.tags.mu.Lock()
	defer x.tags.mu.Unlock()
	x.order.mu.Lock()
	defer x.order.mu.Unlock()
	return len(x.tags.items), x.order.tree.Len()
}

// DroppedTags is how many tags the loads that run have noted as dropped.
func DroppedTags(c *Cache) (tags int) {
	c.flights.each(func(_ *flightStripe, f *flight) { tags += len(f.dropped) })
	return tags
}
