package scenario

import (
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
)

// syncEvery is how often what was written as buffered is put on disk.
const syncEvery = time.Second

// logSync puts what is buffered on disk every second, so that all stores lose as
// little to a loss of power. The zero value is at rest.
type logSync struct {
	stop chan struct{} // ends the syncs; nil at rest
	done chan error
}

// resume begins the syncs of a store that needs them.
func (s *logSync) resume(c engine.Config, store engine.Engine) {
	if c.Sync || c.InMemory() || s.stop != nil {
		return
	}
	s.stop, s.done = make(chan struct{}), make(chan error, 1)
	go s.repeat(s.stop, store.(engine.Durable))
}

// pause ends them, until resume, and returns what went wrong.
func (s *logSync) pause() error {
	if s.stop == nil {
		return nil
	}
	close(s.stop)
	s.stop = nil
	return <-s.done
}

func (s *logSync) repeat(stop <-chan struct{}, store engine.Durable) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			s.done <- nil
			return
		case <-tick.C:
			if err := store.SyncLog(); err != nil {
				s.done <- err
				return
			}
		}
	}
}
