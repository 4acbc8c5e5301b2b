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
	batch  storage.Batch // of Apply

	catalog catalogChanges

	stop     chan struct{} // closed by Stop
	stopping sync.Once
}

// The directories within that of a replica. dataDir has the engine's data; incomingDir a
// snapshot that is to take its place; and outgoingDir begins the names of snapshots that are
// sent.
const (
	dataDir     = "data"
	incomingDir = "incoming"
	outgoingDir = "outgoing-"
)

// New is a replica that is not open.
func New(c Config) *Replica {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Protocol == nil {
		c.Protocol = func() cluster.Protocol { return cluster.OldestProtocol }
	}
	r := &Replica{config: c, logger: c.Logger, stop: make(chan struct{})}
	r.known.Store(&record{})
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
	r.know(known)
	r.engine.Store(&engine)
	return known.index, nil
}

// know takes the record of an engine that nobody reads yet.
func (r *Replica) know(known record) {
	r.begun.Store(known.term)
	r.known.Store(&known)
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
	for _, left := range append(leftovers, r.path(incomingDir)) {
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
// version of its last operation in this replica's engine, 0 if its term had ended or it has
// none; of the beginning of a term its number, and of a lease that is given up 1; 0 if the term that
// they name was not the present one any more.
func (r *Replica) Apply(indexes []uint64, entries [][]byte, results []uint64) error {
	engine, err := r.current()
	if err != nil {
		return err
	}
	// What was refused once while the replica stops must not be followed by what comes after.
	select {
	case <-r.stop:
		return storage.ErrClosed
	default:
	}
	known := *r.known.Load()
	if err := r.gather(indexes, entries, results, &known); err != nil {
		return err
	}
	r.begun.Store(known.term)
	last, err := r.write(engine)
	if err != nil {
		return err
	}
	before := last - uint64(r.batch.Len())
	for i, b := range entries {
		if entryKind(b[1]) == writeBatch && results[i] > 0 {
			results[i] += before
		}
	}
	r.known.Store(&known)
	return nil
}

// gather makes the batch of the entries, behind the record of them. As the result of a batch it
// leaves how many operations there are up to its last one.
func (r *Replica) gather(indexes []uint64, entries [][]byte, results []uint64, known *record) error {
	for i, b := range entries {
		var err error
		if results[i], err = known.follow(indexes[i], b); err != nil {
			return fmt.Errorf("entry %d: %w", indexes[i], err)
		}
	}
	r.batch.Reset()
	if err := r.batch.Put(recordKey, known.append(nil), 0); err != nil {
		return err
	}
	for i, b := range entries {
		if entryKind(b[1]) != writeBatch || results[i] == 0 {
			continue
		}
		if err := r.batch.AddPacked(b[entryHeaderLen:]); err != nil {
			return fmt.Errorf("entry %d: %w", indexes[i], err)
		}
		results[i] = uint64(r.batch.Len())
	}
	return nil
}

// How long a replica waits before it tries again what its engine has refused.
const (
	firstRetry = 10 * time.Millisecond
	lastRetry  = time.Second
)

// write writes the batch.
func (r *Replica) write(engine storage.Engine) (version uint64, err error) {
	changes := changesCatalog(&r.batch)
	if changes {
		r.catalog.begin()
	}
	err = r.insist("write what was agreed upon", func() (err error) {
		version, err = engine.Write(&r.batch, storage.WriteOptions{})
		return err
	})
	if changes && err == nil {
		r.catalog.end()
	}
	return version, err
}

// Sync returns once all that was applied is on disk.
func (r *Replica) Sync() error {
	engine, err := r.current()
	if err != nil {
		return err
	}
	return r.insist("sync", engine.Sync)
}

// insist does something until it is done, since a replica cannot leave it: one whose disk has no
// room waits until it has, while others go on. An engine that is poisoned will not do it any more,
// and what is malformed never.
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
			return storage.ErrClosed
		case <-time.After(wait):
			wait = min(2*wait, lastRetry)
		}
	}
}

// Stop has a call of Apply that waits for its engine end with storage.ErrClosed.
func (r *Replica) Stop() { r.stopping.Do(func() { close(r.stop) }) }

// Close closes the engine. A failure loses nothing: what was not synced, the log of the group has.
func (r *Replica) Close() {
	r.Stop()
	engine, err := r.current()
	if err != nil {
		return
	}
	if err := engine.Close(); err != nil {
		r.logger.Warn("closing the engine of a replica failed", "dir", r.config.Dir, "error", err.Error())
	}
}
