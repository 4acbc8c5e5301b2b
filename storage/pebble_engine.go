package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// GoStorageEngine is the engine in pure Go: an adapter of Pebble to the
// contract of Engine, which adds versions, expiry and calls that are safe
// against Close.
//
// Locks are taken in this order: gate, snapshot gate, key locks, order.
type GoStorageEngine struct {
	db       *pebble.DB
	durable  bool // a data directory is behind it
	lock     *pebble.Lock // on the data directory; nil in memory
	logger   *slog.Logger
	gate     gate
	keys     keyLocks
	versions versionSource
	views    viewSet
	sweeper  sweeper
	counters counters
	poison   atomic.Pointer[string] // why nothing can be promised any more

	// order is held shared from the assignment of versions until their writes
	// are visible, and alone to freeze a snapshot: no version up to the
	// snapshot's is then still on its way.
	order sync.RWMutex
}

// openGo opens the pure-Go engine.
func openGo(c Config) (Engine, error) {
	e := &GoStorageEngine{durable: c.Dir != "", logger: c.Logger}
	e.keys.init()
	e.views.init()
	options := pebbleOptions(e)
	dir := c.Dir
	if e.durable {
		if err := checkMarker(dir, EngineGo); err != nil {
			return nil, err
		}
		var err error
		if dir, e.lock, err = lockDir(dir); err != nil {
			return nil, err
		}
		options.Lock = e.lock
	}
	if err := e.open(dir, options); err != nil {
		return nil, errors.Join(fmt.Errorf("mantisdb: cannot open the data directory %s: %w", c.Dir, err), e.unlock())
	}
	e.sweeper.start(e)
	return e, nil
}

func (e *GoStorageEngine) open(dir string, o *pebble.Options) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = e.fail(fmt.Sprint(r))
		}
	}()
	if e.db, err = pebble.Open(dir, o); err != nil {
		return translate(err)
	}
	if err := e.versions.open(e.db, e.durable); err != nil {
		return errors.Join(translate(err), e.db.Close())
	}
	return nil
}

func (e *GoStorageEngine) unlock() error {
	if e.lock == nil {
		return nil
	}
	return e.lock.Close()
}

// Name implements Engine.
func (e *GoStorageEngine) Name() string { return EngineGo }

// Close implements Engine.
func (e *GoStorageEngine) Close() (err error) {
	e.sweeper.stop()
	if !e.gate.close() {
		return nil
	}
	if e.poison.Load() != nil {
		// Pebble may be stuck in its failed state: what it holds is given up,
		// and the lock on the directory stays until the process ends.
		return nil
	}
	return translate(errors.Join(e.views.closeAll(), e.versions.close(e.db), e.db.Close(), e.unlock()))
}

// enter begins a call; leave must end it. It keeps Close out meanwhile.
func (e *GoStorageEngine) enter() error {
	if !e.gate.enter() {
		return ErrClosed
	}
	if why := e.poison.Load(); why != nil {
		e.gate.leave()
		return fmt.Errorf("%w: %s", ErrPoisoned, *why)
	}
	return nil
}

// leave ends a call, and turns a panic within it into an error and the engine's
// last word. It must be deferred itself.
func (e *GoStorageEngine) leave(err *error) {
	if r := recover(); r != nil {
		*err = e.fail(fmt.Sprint(r))
	}
	e.gate.leave()
}

// fail poisons the engine.
func (e *GoStorageEngine) fail(why string) error {
	if e.poison.CompareAndSwap(nil, &why) {
		e.logger.Error("the engine failed and refuses further calls", "reason", why)
	}
	return fmt.Errorf("%w: %s", ErrPoisoned, why)
}
