package replica

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// Config says where a replica keeps its data, and how.
type Config struct {
	// Dir is the replica's directory, made if it does not exist.
	Dir string
	// Engine and MemoryLimit are those of storage.Config.
	Engine      string
	MemoryLimit uint64
	// Protocol is the one that the cluster uses now, which entries are written in; nil: the
	// oldest that this program understands.
	Protocol func() cluster.Protocol
	// NoLeases has every read ask the group, instead of those alone that come while this replica
	// holds no lease.
	NoLeases bool
	// Logger receives what it has to tell; nil discards it.
	Logger *slog.Logger
}

// Replica is the state machine of one replica. Its engine writes without a log of its own:
// what it has not synced, the log of the group has. Apply, Sync, Prepare and Restore are called
// by one goroutine at a time; all else by any.
type Replica struct {
	config Config
	logger *slog.Logger
	engine atomic.Pointer[storage.Engine] // nil before Open; closed after Close

	known atomic.Pointer[record] // what engine has applied
	begun atomic.Uint64          // the newest term of which engine may have anything
	// served is the newest term in which this process led, once nobody held an earlier one's lease.
	served atomic.Uint64
	// began is the engine's version of the record with which the present term began, 0 if that was
	// before Open. As long as its versions are even with those of the record, began and the number of
	// what was written in the term make the engine's version of it; uneven is the newest term in which
	// they may not be.
	began, uneven atomic.Uint64
	// Those of Apply.
	batch      storage.Batch
	written    []written
	termsBegun []record // with which they begin
	recordRoom [recordLen]byte

	catalog catalogChanges
	changes changes
	marks   marksFile

	stop     chan struct{} // closed by Stop
	stopping sync.Once
	leftOut  atomic.Bool // Apply has not applied what was agreed upon, as it was stopped
}

// ErrLeftOut says that the engine has not all that the library takes for applied: a replica was
// stopped that waited for its disk. It will have once it is opened again.
var ErrLeftOut = errors.New("the replica was stopped before it could apply what was agreed upon, as its disk has failed")

// The directories within that of a replica. dataDir has the engine's data; incomingDir a
// snapshot that is to take its place; and outgoingDir begins the names of snapshots that are
// sent; unfinishedMarks begins those of files of marks that are being written.
const (
	dataDir         = "data"
	incomingDir     = "incoming"
	outgoingDir     = "outgoing-"
	unfinishedMarks = "marks-"
)

// New is a replica that is not open.
func New(c Config) *Replica {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Protocol == nil {
		c.Protocol = func() cluster.Protocol { return cluster.OldestProtocol }
	}
	r := &Replica{config: c, logger: c.Logger, stop: make(chan struct{}), marks: marksFile{dir: c.Dir}}
	r.known.Store(&record{})
	r.changes.init(c.MemoryLimit)
	return r
}

// Open opens the engine, and returns the index of the newest entry that it has.
func (r *Replica) Open() (applied uint64, err error) {
	if err := os.MkdirAll(r.config.Dir, 0o700); err != nil {
		return 0, err
	}
	if err := r.tidy(); err != nil {
		return 0, err
	}
	engine, err := r.openEngine(r.path(dataDir))
	if err != nil {
		return 0, err
	}
	known, err := readRecord(engine.AppendGetMeta)
	if err != nil {
		return 0, errors.Join(err, engine.Close())
	}
	r.know(known, r.marks.load(r.logger))
	r.trySaveMarks() // so that a replica knows the beginning of its log that has synced nothing
	r.engine.Store(&engine)
	return known.index, nil
}

// know takes the record of an engine that nobody reads yet, and marks from before.
func (r *Replica) know(known record, before marks) {
	r.begun.Store(known.term)
	r.began.Store(0)
	r.uneven.Store(known.term) // should it lead: another engine may count otherwise
	r.known.Store(&known)
	r.changes.begin(known, before)
}

func (r *Replica) path(name string) string { return filepath.Join(r.config.Dir, name) }

// tidy ends what a crash has left undone: if the data are gone, the snapshot that is to take
// their place is whole, since they were removed after that was.
func (r *Replica) tidy() error {
	if _, err := os.Stat(r.path(dataDir)); errors.Is(err, os.ErrNotExist) {
		if err := os.Rename(r.path(incomingDir), r.path(dataDir)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	leftovers, err := filepath.Glob(r.path(outgoingDir + "*"))
	if err != nil {
		return err
	}
	unfinished, err := filepath.Glob(r.path(unfinishedMarks + "*"))
	if err != nil {
		return err
	}
	for _, left := range append(append(leftovers, unfinished...), r.path(incomingDir)) {
		if err := os.RemoveAll(left); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replica) openEngine(dir string) (storage.Engine, error) {
	return storage.Open(storage.Config{
		Engine: r.config.Engine, Dir: dir, MemoryLimit: r.config.MemoryLimit, Logger: r.logger,
		Durability: storage.DurabilityMemory,
	})
}

// engineName is the name of the engine that the replica has.
func (r *Replica) engineName() string { return cmp.Or(r.config.Engine, storage.DefaultEngine) }

// current is the engine, which a snapshot may replace: then it is closed.
func (r *Replica) current() (storage.Engine, error) {
	if e := r.engine.Load(); e != nil {
		return *e, nil
	}
	return nil, storage.ErrClosed
}

// Applied is the index of the newest entry that was applied.
func (r *Replica) Applied() uint64 { return r.known.Load().index }

// Term is the present term as far as this replica knows, and who holds it.
func (r *Replica) Term() (term, holder uint64) {
	known := r.known.Load()
	return known.term, known.holder
}

// Apply applies entries of the log, which follow those before, by one write; indexes and
// entries have the same length. It sets what Group.Propose returns for each: of a batch the
// number of its last operation in the term, 0 if its term had ended or it has
// none; of the beginning of a term its number, and of a lease that is given up 1; 0 if the term that
// they name was not the present one any more.
func (r *Replica) Apply(indexes []uint64, entries [][]byte, results []uint64) error {
	engine, err := r.current()
	if err != nil {
		return err
	}
	// What was left out must not be followed by what comes after.
	if r.leftOut.Load() {
		return storage.ErrClosed
	}
	known := *r.known.Load()
	if err := r.gather(indexes, entries, results, &known); err != nil {
		return err
	}
	r.begun.Store(known.term)
	last, err := r.write(engine, known.term)
	if err != nil {
		return err
	}
	r.compare(&known, last)
	r.changes.add(&known, r.termsBegun, r.written)
	clear(r.written) // whose bytes are the library's
	r.known.Store(&known)
	return nil
}

// gather makes the batch of the entries, each behind the record of it.
func (r *Replica) gather(indexes []uint64, entries [][]byte, results []uint64, known *record) error {
	r.batch.Reset()
	r.written, r.termsBegun = r.written[:0], r.termsBegun[:0]
	for i, b := range entries {
		if err := r.gatherOne(indexes[i], b, &results[i], known); err != nil {
			return fmt.Errorf("entry %d: %w", indexes[i], err)
		}
	}
	return nil
}

func (r *Replica) gatherOne(index uint64, b []byte, result *uint64, known *record) error {
	e, err := parseEntry(b)
	if err != nil {
		return err
	}
	operations, err := storage.CheckPacked(e.packed)
	if err != nil {
		return err
	}
	term, takes, first := known.term, known.takes(&e), known.firstVersion()
	*result = known.follow(index, &e, operations)
	if known.term != term {
		r.termsBegun = append(r.termsBegun, *known)
	}
	if err := r.batch.Put(recordKey, known.append(r.recordRoom[:0]), 0); err != nil || !takes {
		return err
	}
	r.written = append(r.written, written{*known, first, e.packed})
	return r.batch.AddPacked(e.packed)
}

// compare finds out whether the engine has counted as the record that it has now, whose version is the
// last one.
func (r *Replica) compare(known *record, last uint64) {
	if known.versions < uint64(r.batch.Len()) { // the term has begun within the batch
		r.began.Store(last - known.versions)
	}
	began := r.began.Load()
	if began != 0 && began+known.versions != last || known.versions >= mostInTerm {
		r.uneven.Store(known.term)
	}
}

// How long a replica waits before it tries again what its engine has refused.
const (
	firstRetry = 10 * time.Millisecond
	lastRetry  = time.Second
)

// write writes the batch, behind which there is a term. What the engine refuses may have taken versions
// all the same.
func (r *Replica) write(engine storage.Engine, term uint64) (version uint64, err error) {
	changes := changesCatalog(&r.batch)
	if changes {
		r.catalog.begin()
	}
	err = r.insist("write what was agreed upon", func() (err error) {
		if version, err = engine.Write(&r.batch, storage.WriteOptions{}); err != nil {
			r.uneven.Store(term)
		}
		return err
	})
	if changes && err == nil {
		r.catalog.end()
	}
	if errors.Is(err, ErrLeftOut) {
		r.leftOut.Store(true)
		err = storage.ErrClosed
	}
	return version, err
}

// Sync returns once all that was applied is on disk, and all that Apply was given was applied. It is
// ErrLeftOut if Stop had it give up, and storage.ErrClosed after Close.
func (r *Replica) Sync() error {
	engine, err := r.current()
	if err != nil {
		return err
	}
	if r.leftOut.Load() {
		return ErrLeftOut
	}
	r.trySaveMarks() // before anything is cut off the log
	return r.insist("sync", engine.Sync)
}

// trySaveMarks keeps the marks where it may fail: then less of the past can be had.
func (r *Replica) trySaveMarks() {
	if err := r.marks.save(r.changes.allMarks); err != nil {
		r.logger.Warn("a replica cannot keep where versions are in its log", "dir", r.config.Dir, "error", err.Error())
	}
}

// insist does something until it is done, since a replica cannot leave it: one whose disk has no
// room waits until it has, while others go on. It is ErrLeftOut if the replica is stopped meanwhile.
// An engine that is poisoned will not do it any more, and what is malformed never.
func (r *Replica) insist(what string, do func() error) error {
	wait := firstRetry
	for {
		err := do()
		if err == nil || errors.Is(err, storage.ErrClosed) || errors.Is(err, storage.ErrPoisoned) || errors.Is(err, storage.ErrBatchCorrupt) {
			return err
		}
		r.logger.Error("a replica cannot "+what+", and tries again", "dir", r.config.Dir, "error", err.Error())
		select {
		case <-r.stop:
			return ErrLeftOut
		case <-time.After(wait):
			wait = min(2*wait, lastRetry)
		}
	}
}

// Stop has a call of Apply or Sync end that waits for its engine to be able to do it.
func (r *Replica) Stop() { r.stopping.Do(func() { close(r.stop) }) }

// Close closes the engine. A failure loses nothing: what was not synced, the log of the group has.
func (r *Replica) Close() {
	r.Stop()
	engine, err := r.current()
	if err != nil {
		return
	}
	r.trySaveMarks()
	if err := engine.Close(); err != nil {
		r.logger.Warn("closing the engine of a replica failed", "dir", r.config.Dir, "error", err.Error())
	}
}
