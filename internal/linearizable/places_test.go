package linearizable

import (
	"errors"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

var duration = flag.Duration("linearizable.for", 0, "how long each test goes on; 0 is two seconds, and less with -short")

// forHowLong is how long each test goes on.
func forHowLong() time.Duration {
	switch {
	case *duration > 0:
		return *duration
	case testing.Short():
		return 300 * time.Millisecond
	}
	return 2 * time.Second
}

// everywhere runs rounds of a test on each engine, in memory and in a directory, until
// one fails or the time is over.
func everywhere(t *testing.T, round func(t *testing.T, db *mantisdb.DB, round int)) {
	for _, engine := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
		for _, onDisk := range []bool{false, true} {
			place := map[bool]string{false: "memory", true: "disk"}[onDisk]
			t.Run(engine+" "+place, func(t *testing.T) {
				db := open(t, engine, onDisk)
				if onDisk {
					defer flushBeside(t, db)()
				}
				began, rounds := time.Now(), 0
				for ; rounds == 0 || time.Since(began) < forHowLong() && !t.Failed(); rounds++ {
					round(t, db, rounds)
				}
				t.Logf("%d histories", rounds)
			})
		}
	}
}

// open opens a database that is closed after the test.
func open(t *testing.T, engine string, onDisk bool) *mantisdb.DB {
	options, dir := &mantisdb.Options{Engine: engine}, ""
	if onDisk {
		dir = t.TempDir()
		options.Durability, options.MemoryLimit = mantisdb.DurabilityMemory, mantisdb.MinMemoryLimit
	}
	db, err := mantisdb.Open(dir, options)
	if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// flushBeside writes other keys all the while and compacts, so that memory is flushed
// and evicted, and segments are merged, under the test. What it returns ends it.
func flushBeside(t *testing.T, db *mantisdb.DB) (end func()) {
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		value := make([]byte, 32<<10)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if err := db.Put(fmt.Appendf(nil, "round filler %d", i%500), value); err != nil {
				t.Error(err)
			}
			if i%20 > 0 {
				continue
			}
			if err := db.Compact(); err != nil {
				t.Error(err)
			}
		}
	})
	return func() { close(stop); done.Wait() }
}
