//go:build linux

package clustertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/linearizable"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// TestWatchMirrors keeps copies of what the cluster has by scanning once and then watching, as the guide
// tells, while clients write, leads are handed over, and a node that leads is killed: at the end the
// copies are what a scan finds. A watch at a node that lives goes on as one; one at the node that is
// killed goes on at another behind the last event, and no change is told twice.
func TestWatchMirrors(t *testing.T) {
	needMachine(t)
	r := newCluster(t, &loopback{}, 3)
	victim := r.nodes[1]
	whole := &mirror{running: r, nodes: r.nodes[:1]}
	cut := &mirror{running: r, nodes: []*node{victim, r.nodes[2], r.nodes[0]}}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() { whole.run(ctx) })
	all.Go(func() { cut.run(ctx) })
	writers := r.putAndDelete(4)

	time.Sleep(time.Second)
	for shard := range 4 {
		r.leadElsewhere(shard)
		time.Sleep(200 * time.Millisecond)
	}
	if err := victim.kill(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	if err := victim.start(); err != nil {
		t.Fatal(err)
	}
	r.await("cluster that serves", r.serves)
	written := writers()

	r.wantCopies(written, whole, cut)
	if begun := whole.begun.Load(); begun != 1 {
		t.Errorf("the watch at a node that lives began %d times: %v", begun, whole.why.Load())
	}
	if begun := cut.begun.Load(); begun < 2 {
		t.Errorf("the watch at the node that was killed began %d times", begun)
	}
}

// TestWatchGoesOnAfterRestarts: after all nodes have begun again, one of them after a kill, a copy goes on
// behind the last event that it has heard of before, and so does one that was never away for long.
func TestWatchGoesOnAfterRestarts(t *testing.T) {
	needMachine(t)
	r := newCluster(t, &loopback{}, 3)
	near, away := &mirror{running: r, nodes: r.nodes}, &mirror{running: r, nodes: r.nodes}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() { near.run(ctx) })
	present, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	all.Go(func() { away.run(present); close(left) })
	writers := r.putAndDelete(4)
	r.await("changes", func() error {
		if n := away.changes.Load(); n < 100 {
			return fmt.Errorf("%d were told", n)
		}
		return nil
	})
	leave()
	<-left
	for _, end := range []func() error{r.nodes[0].stop, r.nodes[1].kill, r.nodes[2].stop} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		for _, n := range r.nodes {
			if err := n.start(); err != nil {
				t.Fatal(err)
			}
		}
		r.await("cluster that serves", r.serves)
	}
	all.Go(func() { away.run(ctx) })
	r.wantCopies(writers(), near, away)
}

// wantCopies checks that copies come to be what the cluster has.
func (r *running) wantCopies(written int64, copies ...*mirror) {
	r.t.Helper()
	for _, m := range copies {
		r.await("copy that is what the cluster has", func() error {
			want, err := r.client(r.nodes[0].client()).scan("")
			if err != nil {
				return err
			}
			if got := m.content(); !maps.Equal(got, want) {
				return fmt.Errorf("the copy has %d entries and the cluster %d, or their values differ", len(got), len(want))
			}
			return nil
		})
		r.t.Logf("%d writes, %d changes told, the watch began %d times", written, m.changes.Load(), m.begun.Load())
	}
}

// putAndDelete has clients put keys, each once, so that a change that is not told is missed for ever,
// and delete some of them, until the returned function is called, which tells how many writes were done.
func (r *running) putAndDelete(clients int) (stop func() (done int64)) {
	ended := make(chan struct{})
	var all sync.WaitGroup
	var done atomic.Int64
	for client := range clients {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				default:
				}
				in := linearizable.KeyInput{Kind: "put", Key: fmt.Sprintf("mirror/%d/%d", client, i), Value: strconv.Itoa(i)}
				if i%7 == 6 {
					in = linearizable.KeyInput{Kind: "delete", Key: fmt.Sprintf("mirror/%d/%d", client, i-3)}
				}
				// What is not done, or perhaps, is as good here.
				if _, err := r.client(r.nodes[i%len(r.nodes)].client()).do(in); err == nil {
					done.Add(1)
				}
			}
		})
	}
	return func() int64 {
		close(ended)
		all.Wait()
		return done.Load()
	}
}

// mirror is a copy of a cluster's content, that follows it.
type mirror struct {
	*running
	nodes   []*node // at which it watches, one after the other
	last    string  // the id of the last event
	told    map[string]bool
	begun   atomic.Int64 // watches
	changes atomic.Int64
	why     atomic.Value // the error of the last one

	mu      sync.Mutex
	entries map[string]mirrored
}

type mirrored struct {
	value   string
	version uint64
}

// content is the copy.
func (m *mirror) content() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	content := make(map[string]string, len(m.entries))
	for key, e := range m.entries {
		content[key] = e.value
	}
	return content
}

// run follows the cluster, and goes on at the next node when a watch has ended.
func (m *mirror) run(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		err := m.follow(ctx, m.nodes[i%len(m.nodes)])
		m.why.Store(err.Error())
		m.t.Logf("a watch ended: %v", err)
		if problem := new(wire.Problem); errors.As(err, &problem) && problem.Status == http.StatusGone {
			m.t.Errorf("a watch did not go on: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// follow watches behind the last event, at first from now on; then it scans once, and takes of the
// changes those that the scan has not.
func (m *mirror) follow(ctx context.Context, at *node) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := m.open(ctx, at, "/api/v1/watch?after="+m.last)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	watch := wire.NewWatchReader(answer.Body, false, func() {})
	if _, err := watch.Begin(); err != nil {
		return err
	}
	m.begun.Add(1)
	if m.last == "" {
		if err := m.copy(ctx, at); err != nil {
			return err
		}
		m.last = watch.Position()
	}
	for {
		c, err := watch.Next()
		switch {
		case err == nil:
			m.changes.Add(1)
			m.apply(c)
		case !errors.Is(err, wire.ErrPassed):
			return err
		}
		m.last = watch.Position()
	}
}

// apply takes a change over, unless the copy has it or a later one.
func (m *mirror) apply(c mantisdb.Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Each key is put once, and deleted once at most.
	once := fmt.Sprintf("%v of %s", c.Kind, c.Key)
	if m.told[once] {
		m.t.Errorf("a change was told twice: %s", once)
	}
	if m.told == nil {
		m.told = make(map[string]bool)
	}
	m.told[once] = true
	switch key := string(c.Key); {
	case c.Version <= m.entries[key].version:
	case c.Kind == mantisdb.ChangePut:
		m.entries[key] = mirrored{string(c.Value), c.Version}
	case c.Kind == mantisdb.ChangeDelete:
		delete(m.entries, key)
	default:
		m.t.Errorf("nobody deletes a range, and %+v was told", c)
	}
}

// copy makes the copy what a scan finds.
func (m *mirror) copy(ctx context.Context, at *node) error {
	answer, err := m.open(ctx, at, "/api/v1/scan")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	entries := make(map[string]mirrored)
	err = wire.ReadScan(bufio.NewReader(answer.Body), mantisdb.Range{}, func(e mantisdb.Entry) error {
		entries[string(e.Key)] = mirrored{string(e.Value), e.Meta.Version}
		return nil
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = entries
	return nil
}

func (m *mirror) open(ctx context.Context, at *node, target string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url(at)+target, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		err = fmt.Errorf("%s: %w", target, &wire.Problem{Title: answer.Status, Status: answer.StatusCode})
	}
	return answer, err
}
