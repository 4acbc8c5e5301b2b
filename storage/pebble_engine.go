package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// shutdownPatience is how long Close tries to shut down a Pebble that failed,
// and may be stuck, before it gives up.
var shutdownPatience = 5 * time.Second

// GoStorageEngine is the engine in pure Go: an adapter of Pebble to the
// contract of Engine, which adds versions, expiry and calls that are safe
// against Close.
//
// Locks are taken in this order: gate, snapshot gate, key locks, commits.
type GoStorageEngine struct {
	db        *pebble.DB
	durable   bool // writes are acknowledged once they are on disk
	logger    *slog.Logger
	gate      gate
	failure   failure
	keys      keyLocks
	versions  versionSource
	views     viewSet
	sweeper   sweeper
	reclaimer reclaimer
	census    census
	counters  counters

	// commits is held shared by a writer from the assignment of its versions
	// until they are visible, and alone for the moment at which a snapshot is
	// made: no version up to the snapshot's is then still on its way.
	commits sync.RWMutex
}

// openGo opens the pure-Go engine.
func openGo(c Config) (Engine, error) {
	if c.Dir == "" {
		return newGoEngine("", vfs.NewMem(), nil, c.Logger)
	}
	if err := checkMarker(c.Dir, EngineGo); err != nil {
		return nil, err
	}
	dir, lock, err := lockDir(c.Dir)
	if err != nil {
		return nil, err
	}
	// Pebble holds the lock too, until it is closed.
	e, err := newGoEngine(dir, vfs.Default, lock, c.Logger)
	if err = errors.Join(err, lock.Close()); err != nil {
		return nil, fmt.Errorf("%w (data directory %s)", err, c.Dir)
	}
	return e, nil
}

// newGoEngine opens an engine on a file system; dir "" is one that nothing
// survives in, and needs no log.
func newGoEngine(dir string, fs vfs.FS, lock *pebble.Lock, logger *slog.Logger) (*GoStorageEngine, error) {
	e := &GoStorageEngine{durable: dir != "", logger: logger}
	e.failure.init()
	e.keys.init()
	e.views.init()
	disk := &failStopFS{FS: fs, fail: func(why string) { _ = e.fail(why) }}
	o := pebbleOptions(e)
	o.FS, o.Lock = disk, lock
	if err := e.open(dir, o); err != nil {
		return nil, err
	}
	disk.armed.Store(true)
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

// Name implements Engine.
func (e *GoStorageEngine) Name() string { return EngineGo }

// Close implements Engine. After a failure it returns what happened. Pebble may
// then be stuck; if so, Close gives up on it after a while.
func (e *GoStorageEngine) Close() error {
	closed := make(chan error, 1)
	go func() { closed <- e.shutDown() }()
	select {
	case err := <-closed:
		return err
	case <-e.failure.happened:
	}
	select {
	case err := <-closed:
		return err
	case <-time.After(shutdownPatience):
		return fmt.Errorf("%w: it could not be shut down, and its directory stays locked until the process ends", ErrPoisoned)
	}
}

// shutDown closes everything once, when all calls in flight have ended.
func (e *GoStorageEngine) shutDown() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = e.fail(fmt.Sprint(r))
		}
	}()
	if !e.gate.close() {
		return nil
	}
	e.sweeper.stop()
	err = e.views.closeAll()
	err = errors.Join(err, e.versions.close(e.db), e.db.Close())
	return e.explain(translate(err))
}

// enter begins a call, which leave must end. It keeps Close waiting meanwhile.
func (e *GoStorageEngine) enter() error {
	if !e.gate.enter() {
		return ErrClosed
	}
	if err := e.failure.get(); err != nil {
		e.gate.leave()
		return err
	}
	return nil
}

// leave ends a call, and turns a panic within it into an error and the engine's
// last word. It must be deferred itself.
func (e *GoStorageEngine) leave(err *error) {
	if r := recover(); r != nil {
		*err = e.fail(fmt.Sprint(r))
	}
	if *err != nil {
		*err = e.explain(*err)
	}
	e.gate.leave()
}

// explain prefers the failure of the engine to what it led to.
func (e *GoStorageEngine) explain(err error) error {
	if failure := e.failure.get(); failure != nil {
		return failure
	}
	return err
}

// fail poisons the engine: after it nothing is promised, and calls return the
// error that it returns.
func (e *GoStorageEngine) fail(why string) error {
	err, first := e.failure.set(fmt.Errorf("%w: %s", ErrPoisoned, why))
	if first {
		e.logger.Error("the storage engine failed and refuses further calls", "reason", why)
	}
	return err
}
