package distributed

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
	"github.com/mantisdb/mantisdb/storage"
)

// Cache is a node of a distributed cache, by which all of it is used. Its methods may be called
// from any number of goroutines at once.
type Cache struct {
	config Config
	engine storage.Engine
	store  *fragments.Store
	member atomic.Pointer[member] // nil while the node takes part in nothing
	counts counts

	end     context.CancelFunc
	running sync.WaitGroup
	closing sync.Once
}

// Open begins a node. It returns before other nodes are found: see Wait.
func Open(c Config) (*Cache, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkFree(&c); err != nil {
		return nil, err
	}
	engine, err := storage.Open(storage.Config{Engine: c.engine, MemoryLimit: c.MemoryLimit, Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	cache := &Cache{config: c, engine: engine, store: fragments.New(engine, c.patience())}
	first, err := startMember(&c, cache.store)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	ctx, end := context.WithCancel(context.Background())
	cache.end = end
	cache.running.Go(func() { cache.run(ctx, first) })
	return cache, nil
}

const (
	watch  = 100 * time.Millisecond // between looks at who takes part
	giveUp = 15 * time.Second       // how long there may be too few nodes
)

// run has the node take part until ctx is done. Nodes that have lost sight of each other do not
// look for each other for ever, so one that sees too few begins anew, with nothing.
func (c *Cache) run(ctx context.Context, m *member) {
	for {
		why := c.takePart(ctx, m)
		if err := m.stop(); err != nil && ctx.Err() == nil {
			c.config.Logger.Warn("the cache could not leave its other nodes in order", "error", err.Error())
		}
		if ctx.Err() != nil {
			return
		}
		c.config.Logger.Warn("the cache begins anew, empty", "reason", why.Error())
		c.store.Forget()
		if m = c.restart(ctx); m == nil {
			return
		}
	}
}

// restart has the node take part again; nil if ctx is done before.
func (c *Cache) restart(ctx context.Context) *member {
	for {
		m, err := startMember(&c.config, c.store)
		if err == nil {
			return m
		}
		c.config.Logger.Error("the cache cannot take part", "error", err.Error())
		if !sleep(ctx, giveUp) {
			return nil
		}
	}
}

// errGivenUp is why a node begins anew that others do not see any more.
var errGivenUp = errors.New("the other nodes have given this one up")

// takePart says that the node takes part for as long as it does: until ctx is done, it failed,
// others have given it up, or there were too few nodes for giveUp. It returns why.
func (c *Cache) takePart(ctx context.Context, m *member) error {
	defer c.member.Store(nil)
	var unseen time.Time // since when others answer that they do not see it; zero: they do
	for enough := time.Now(); time.Since(enough) < giveUp; {
		if !sleep(ctx, watch) {
			return ctx.Err()
		}
		if err := m.err(); err != nil {
			return err
		}
		if !m.ready() || len(m.nodes()) < c.config.Quorum {
			unseen = time.Time{}
			c.member.Store(nil)
			continue
		}
		asked := time.Now()
		switch answers := m.seen(c.config.Quorum); {
		case answers.seen >= c.config.Quorum:
			enough, unseen = asked, time.Time{}
			c.store.Beat()
			if !c.store.Steady() {
				c.member.Store(nil)
			} else if c.member.Swap(m) == nil {
				c.config.Logger.Info("the cache is ready", "address", c.config.Address, "nodes", len(m.nodes()))
			}
		case answers.given < c.config.Quorum:
			unseen = time.Time{}
			if time.Since(enough) > patience {
				c.member.Store(nil)
			}
		case unseen.IsZero():
			unseen = asked
			c.member.Store(nil)
		case time.Since(unseen) > patience: // it takes others a moment to see one that joins
			return errGivenUp
		}
	}
	return ErrTooFewNodes
}

// sleep waits, and tells whether ctx is still not done.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Wait returns once the node sees enough others to answer.
func (c *Cache) Wait(ctx context.Context) error {
	for c.member.Load() == nil {
		if !sleep(ctx, watch) {
			return errors.Join(ErrTooFewNodes, ctx.Err())
		}
	}
	return nil
}

// Close ends the node. What it has is gone; the others notice at once.
func (c *Cache) Close() (err error) {
	c.closing.Do(func() {
		c.end()
		c.running.Wait()
		err = c.engine.Close()
	})
	return err
}
