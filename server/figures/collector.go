package figures

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
)

// Collector takes snapshots. Its methods may be called from any number of goroutines.
type Collector struct {
	version    string
	runID      string
	started    time.Time
	source     Source
	dir        string // of the data; empty in memory
	memoryPeak atomic.Uint64
	counts     keyCounts

	mu    sync.Mutex
	parts []func(*Snapshot)
}

// Source is the database, as far as its figures go.
type Source interface {
	// Stats are the database's own figures, which cost no scan.
	Stats(ctx context.Context) (mantisdb.Stats, error)
	// Keyspaces lists the keyspaces, without the default one.
	Keyspaces(ctx context.Context) ([]mantisdb.KeyspaceInfo, error)
}

// NewCollector is the collector of a server of a version that begins now.
func NewCollector(version string, source Source) *Collector {
	return &Collector{version: version, runID: newRunID(), started: time.Now(), source: source}
}

// WithDir has snapshots tell of the file system of the data's directory. It is to be called
// before the first snapshot.
func (c *Collector) WithDir(dir string) *Collector {
	c.dir = dir
	return c
}

// newRunID is a number of 40 hexadecimal digits, as Redis has one of each start.
func newRunID() string {
	return fmt.Sprintf("%016x%016x%08x", rand.Uint64(), rand.Uint64(), rand.Uint32())
}

// Add has a protocol add its part to each snapshot from now on.
func (c *Collector) Add(part func(*Snapshot)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts[:len(c.parts):len(c.parts)], part)
}

// Snapshot is what there is to tell now. It counts no keys: see CountKeys. It fails if the
// database does not answer.
func (c *Collector) Snapshot(ctx context.Context) (Snapshot, error) {
	stats, err := c.source.Stats(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	now := time.Now()
	s := Snapshot{
		Stats:   stats,
		Server:  Server{Version: c.version, RunID: c.runID, Started: c.started, Now: now, Uptime: now.Sub(c.started)},
		Process: Process{Memory: readMemory(&stats, &c.memoryPeak), CPU: readCPU()},
		Disk:    readDisk(c.dir),
		Redis:   Redis{Errors: map[string]int64{}, Commands: []Command{}},
		HTTP:    HTTP{Routes: []Route{}},
	}
	c.mu.Lock()
	parts := c.parts
	c.mu.Unlock()
	for _, part := range parts {
		part(&s)
	}
	return s, nil
}

// Started is when the server began.
func (c *Collector) Started() time.Time { return c.started }
