package cache

import (
	"runtime"
	"sync"
	"time"
)

// Cache is a cache of bytes by keys of bytes. It may be used from many goroutines at
// once.
//
// An entry may leave at any time to make room, even right after it was stored. What is
// passed in is copied, never kept; what is returned belongs to the caller unless its
// method says otherwise.
type Cache struct {
	engine   engine
	ttl      time.Duration
	clock    *stepClock
	flights  flights
	listener *listener // nil: nobody listens
	closing  sync.Once
}

// New makes a cache.
func New(o Options) (*Cache, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Cache{ttl: o.TTL, clock: new(stepClock)}
	conf := config{budget: o.Budget, ordered: o.Ordered, clock: c.clock}
	if o.OnEvict != nil {
		c.listener = newListener(o.OnEvict)
		conf.left = c.listener.ring
	}
	e, err := openEngine(o.Engine, conf)
	if err != nil {
		return nil, err
	}
	c.engine = e
	c.flights.init()
	if c.listener != nil {
		go c.listener.run(e)
		runtime.AddCleanup(c, (*listener).end, c.listener)
	}
	return c, nil
}

// Engine is the name of the engine: EngineRust or EngineGo.
func (c *Cache) Engine() string { return c.engine.name() }

// Stats are the figures of this moment.
func (c *Cache) Stats() (Stats, error) {
	s, err := c.engine.stats()
	if err != nil {
		return Stats{}, err
	}
	s.Loads = c.flights.loads.Load()
	s.LoadErrors = c.flights.failed.Load()
	s.Overtaken = c.flights.overtaken.Load()
	return s, nil
}

// Resize changes the budget, in bytes, from MinBudget to MaxBudget. A cache stays in as many parts as it was opened
// with, whose tables may leave a much smaller budget no room. What is too much
// leaves before it returns; its memory is free when no read has it any more, soon after.
func (c *Cache) Resize(budget uint64) error {
	if err := checkBudget(budget); err != nil {
		return err
	}
	return c.engine.resize(budget)
}

// Close ends the cache and gives its memory back. Later calls return ErrClosed; closing
// again does nothing. OnEvict is told of what had left before, and not of what was still
// there. Loads go on, and those who wait for them get what they load.
func (c *Cache) Close() (err error) {
	c.closing.Do(func() {
		err = c.engine.close()
		if c.listener != nil {
			c.listener.end()
		}
	})
	if c.listener != nil {
		<-c.listener.done
	}
	return err
}
