package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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
	db       *pebble.DB
	dir      string // absolute, "" in memory
	durable  bool   // there is a directory
	level    Durability
	limit    uint64 // of memory; 0 is none
	disk     *failStopFS
	recovery time.Duration // how long opening took
	stalls   stallClock
	jobs     pebbleJobs
	// cacheLimit is what the cache of blocks may take, in bytes.
	cacheLimit uint64
	// backgroundErrors counts what went wrong and is tried again.
	backgroundErrors atomic.Uint64
	logger           *slog.Logger
	gate             gate
	closing          sync.Once
	failure          failure
	keys             keyLocks
	versions         versionSource
	views            viewSet
	changes          changeLog
	sweeper          sweeper
	reclaimer        reclaimer
	census           census
	counters         counters

	// commits is held shared by a writer from the assignment of its versions
	// until they are visible, and alone for the moment at which a snapshot is
	// made: no version up to the snapshot's is then still on its way.
	commits sync.RWMutex
}

// openGo opens the pure-Go engine.
func openGo(c Config) (Engine, error) {
	if c.Dir == "" {
		return newGoEngine(c, vfs.NewMem(), nil)
	}
	if err := checkMarker(c.Dir, EngineGo); err != nil {
		return nil, err
	}
	dir, lock, err := lockDir(c.Dir, vfs.Default)
	if err != nil {
		return nil, err
	}
	// Pebble holds the lock too, until it is closed.
	name := c.Dir
	c.Dir = dir
	e, err := newGoEngine(c, vfs.Default, lock)
	if err = errors.Join(err, lock.Close()); err != nil {
		return nil, fmt.Errorf("%w (data directory %s)", err, name)
	}
	return e, nil
}

// newGoEngine opens an engine on a file system; without a directory it is one
// that nothing survives in, and needs no log.
func newGoEngine(c Config, fs vfs.FS, lock *pebble.Lock) (*GoStorageEngine, error) {
	e := &GoStorageEngine{
		dir: c.Dir, durable: c.Dir != "", level: c.Durability.or(DurabilitySync),
		limit: c.MemoryLimit, logger: c.Logger,
	}
	e.failure.init()
	e.keys.init()
	e.changes.init(c.MemoryLimit)
	e.views.init()
	e.disk = &failStopFS{FS: fs, root: c.Dir, fail: func(why error) { _ = e.fail(why) }}
	o := pebbleOptions(e)
	o.FS, o.Lock = e.disk, lock
	e.cacheLimit = uint64(o.CacheSize)
	began := time.Now()
	if err := e.open(c.Dir, o); err != nil {
		return nil, err
	}
	e.recovery = time.Since(began)
	e.disk.opened.Store(true)
	e.sweeper.start(e)
	if err := e.failure.get(); err != nil { // in the last moment
		_ = e.Close()
		return nil, err
	}
	return e, nil
}

// open opens Pebble. On a full disk, Pebble would try to flush what its log has
// for ever, and wait for it. So the first write that fails freezes the file
// system, as it does later: the rest of the opening then changes nothing on disk
// and comes to its end, and so does the closing after it. What is left behind is
// what a crash at that moment leaves. Should Pebble be stuck all the same, its
// goroutines, files and lock stay until the process ends, see await.
func (e *GoStorageEngine) open(dir string, o *pebble.Options) error {
	opened := make(chan error, 1)
	go func() { opened <- e.openPebble(dir, o) }()
	return e.await(opened)
}

func (e *GoStorageEngine) openPebble(dir string, o *pebble.Options) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = e.fail(panicked(r))
		}
	}()
	if e.db, err = pebble.Open(dir, o); err != nil {
		return e.explain(translate(err))
	}
	err = translate(e.versions.open(e.db, e.durable))
	if err = e.explain(err); err != nil {
		return errors.Join(err, e.db.Close())
	}
	return nil
}

// Name implements Engine.
func (e *GoStorageEngine) Name() string { return EngineGo }

// Close implements Engine. After a failure it returns what happened. Pebble may
// then be stuck; if so, Close gives up on it after a while.
func (e *GoStorageEngine) Close() (err error) {
	e.closing.Do(func() {
		closed := make(chan error, 1)
		go func() { closed <- e.shutDown() }()
		err = e.await(closed)
	})
	return err
}

// await is what comes of opening or closing Pebble. After a failure it waits for a
// while only, since Pebble may be stuck with its locks held. Then the directory is
// noted as lost to this process.
func (e *GoStorageEngine) await(done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-e.failure.happened:
	}
	select {
	case err := <-done:
		return err
	case <-time.After(shutdownPatience):
		stuckDirs.Store(e.dir, e.failure.get())
		return fmt.Errorf("%w; the storage engine could not be shut down, and its directory stays locked until the process ends", e.failure.get())
	}
}

// shutDown closes everything, when all calls in flight have ended.
func (e *GoStorageEngine) shutDown() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = e.fail(panicked(r))
		}
	}()
	e.gate.close()
	e.changes.told.ring() // feeds that wait find it closed
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
		*err = e.fail(panicked(r))
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
// error that it returns. While the engine is being opened there is nothing to
// poison, and Open tells why.
func (e *GoStorageEngine) fail(why error) error {
	if !e.disk.opened.Load() {
		err, _ := e.failure.set(translate(why))
		return err
	}
	err, first := e.failure.set(fmt.Errorf("%w: %w", ErrPoisoned, why))
	if first {
		e.changes.told.ring() // feeds that wait find it failed
		e.logger.Error("the storage engine failed and refuses further calls", "reason", why.Error())
	}
	return err
}

// panicked is a panic as an error.
func panicked(cause any) error {
	if err, ok := cause.(error); ok {
		return err
	}
	return fmt.Errorf("%v", cause)
}
