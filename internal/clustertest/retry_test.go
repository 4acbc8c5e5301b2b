//go:build linux

package clustertest

import (
	"fmt"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// retryAfter is how long a client waits before it sends a request again.
const retryAfter = 100 * time.Millisecond

// steady is clients that write, and send what failed once more, to the next node: as a client
// does that knows several. What fails then is an error.
type steady struct {
	*running
	ledger *ledger
	end    chan struct{}
	ending sync.Once
	all    sync.WaitGroup
}

func (r *running) workSteadily() *steady {
	s := &steady{running: r, ledger: newLedger("steady", clients), end: make(chan struct{})}
	r.t.Cleanup(s.finish) // before the nodes end, whatever becomes of the test
	nodes := r.nodes      // those that come later are not known to clients
	for id := range clients {
		s.all.Go(func() {
			for at := id; ; at++ {
				err := s.ledger.write(id, func(key, value string) error { return s.put(nodes, at, key, value) })
				if err != nil {
					s.t.Error(err)
				}
				if wait(s.end, mostPause) {
					return
				}
			}
		})
	}
	return s
}

// put puts a key by the node that it is the turn of, or else the next.
func (s *steady) put(nodes []*node, at int, key, value string) error {
	in := linearizable.KeyInput{Kind: "put", Key: key, Value: value}
	_, first := s.client(nodes[at%len(nodes)].client()).do(in)
	if first == nil {
		return nil
	}
	time.Sleep(retryAfter)
	began := time.Now()
	if _, second := s.client(nodes[(at+1)%len(nodes)].client()).do(in); second != nil {
		return fmt.Errorf("%s failed twice: %w, and after that for %v: %w", key, first, time.Since(began), second)
	}
	return nil
}

// finish ends the clients.
func (s *steady) finish() {
	s.ending.Do(func() { close(s.end) })
	s.all.Wait()
}

// stop ends the clients and checks that all that they wrote is there.
func (s *steady) stop() {
	s.t.Helper()
	s.finish()
	found, err := s.client(s.nodes[0].client()).scan(s.ledger.name + "/")
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.ledger.check(found); err != nil {
		s.t.Error(err)
	}
	s.t.Logf("%d writes were acknowledged", s.ledger.acknowledged())
	if s.ledger.acknowledged() == 0 {
		s.t.Error("nothing was ever acknowledged")
	}
}
