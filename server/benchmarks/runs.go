package benchmarks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/internal/bench"
)

// The errors of what is asked for.
var (
	ErrRunning  = errors.New("a benchmark is running, and there is one at a time")
	ErrNoMemory = errors.New("the machine has not the memory")
	ErrNotFound = errors.New("there is no such benchmark")
	ErrClosed   = errors.New("the server ends")
)

// SettingsError tells which settings make no sense.
type SettingsError struct{ Reason string }

// Error implements error.
func (e *SettingsError) Error() string { return e.Reason }

// Config says how to run, and where to keep reports.
type Config struct {
	// Program is the path of this program, and Args come before the flags.
	Program string
	Args    []string
	// Dir keeps the reports, and is made if it is absent; without one, they are in memory.
	Dir    string
	Logger *slog.Logger // nil discards
}

// How many runs are kept. With one more, the oldest goes.
const (
	mostInMemory = 20
	mostInFiles  = 200
)

// Runs are the runs that there were, and the one that is under way. Its methods may be
// called from any number of goroutines.
type Runs struct {
	config  Config
	most    int
	engines func() []string

	mu      sync.Mutex
	list    []*run // the oldest first
	running *run   // nil: none
	closed  bool
}

// run is a run as it is kept. What it tells changes under the lock of Runs.
type run struct {
	told Run
	stop context.CancelFunc // nil once it has ended
	done chan struct{}      // closed when it has ended
}

// Open reads the reports of earlier runs.
func Open(c Config) (*Runs, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Runs{config: c, most: mostInMemory, engines: sync.OnceValue(builtEngines)}
	if c.Dir == "" {
		return r, nil
	}
	r.most = mostInFiles
	earlier, err := readDir(c.Dir, c.Logger)
	for i := range earlier {
		r.list = append(r.list, &run{told: earlier[i]})
	}
	return r, err
}

// Start begins a run. The error is a *SettingsError, ErrRunning, ErrNoMemory or ErrClosed.
func (r *Runs) Start(s Settings) (Run, error) {
	if err := r.check(s); err != nil {
		return Run{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return Run{}, ErrClosed
	case r.running != nil:
		return Run{}, ErrRunning
	}
	now := time.Now()
	ctx, stop := context.WithCancel(context.Background())
	next := &run{
		told: Run{ID: r.newID(now), Started: now, State: Running, Settings: s, Headline: []Figure{}},
		stop: stop, done: make(chan struct{}),
	}
	r.list, r.running = append(r.list, next), next
	r.trim()
	go r.perform(ctx, next)
	return next.told, nil
}

// newID names a run by when it began. It is called with mu.
func (r *Runs) newID(now time.Time) string {
	id := now.UTC().Format("20060102T150405Z")
	for n := 2; r.find(id) != nil; n++ {
		id = fmt.Sprintf("%s-%d", now.UTC().Format("20060102T150405Z"), n)
	}
	return id
}

// perform runs a benchmark to its end.
func (r *Runs) perform(ctx context.Context, current *run) {
	reports, err := measure(ctx, r.config, current.told.Settings, func(s bench.Step) {
		r.mu.Lock()
		defer r.mu.Unlock()
		current.told.Progress = &s
	})
	r.mu.Lock()
	ended := current.told
	r.mu.Unlock()
	ended.Ended, ended.Progress, ended.Reports, ended.Headline = time.Now(), nil, reports, headline(reports)
	switch {
	case err == nil:
		ended.State = Done
	case ctx.Err() != nil:
		ended.State = Stopped
	default:
		ended.State, ended.Error = Failed, err.Error()
	}
	r.keep(&ended)
	r.mu.Lock()
	current.stop()
	current.told, current.stop, r.running = ended, nil, nil
	r.mu.Unlock()
	r.config.Logger.Info("a benchmark has ended", "benchmark", ended.ID, "state", string(ended.State), "error", ended.Error)
	close(current.done)
}

// keep writes a run's file, if there is a place for it.
func (r *Runs) keep(ended *Run) {
	if r.config.Dir == "" {
		return
	}
	if err := writeFile(r.config.Dir, ended); err != nil {
		r.config.Logger.Error("the report of a benchmark could not be written", "benchmark", ended.ID, "error", err.Error())
	}
}

// trim drops the oldest runs that are too many. It is called with mu, and the newest one
// running.
func (r *Runs) trim() {
	for len(r.list) > r.most {
		r.drop(r.list[0])
	}
}

// drop forgets a run that has ended. It is called with mu.
func (r *Runs) drop(old *run) {
	r.list = slices.DeleteFunc(r.list, func(x *run) bool { return x == old })
	if r.config.Dir == "" {
		return
	}
	if err := removeFile(r.config.Dir, old.told.ID); err != nil {
		r.config.Logger.Error("the report of a benchmark could not be removed", "benchmark", old.told.ID, "error", err.Error())
	}
}

// find is the run of a name, nil without one. It is called with mu.
func (r *Runs) find(id string) *run {
	i := slices.IndexFunc(r.list, func(x *run) bool { return x.told.ID == id })
	if i < 0 {
		return nil
	}
	return r.list[i]
}

// List are all runs without their reports, the newest first.
func (r *Runs) List() []Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Run, 0, len(r.list))
	for _, x := range slices.Backward(r.list) {
		told := x.told
		told.Reports = nil
		list = append(list, told)
	}
	return list
}

// Get is the run of a name with its reports; ErrNotFound without one.
func (r *Runs) Get(id string) (Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := r.find(id)
	if found == nil {
		return Run{}, ErrNotFound
	}
	return found.told, nil
}

// Remove stops a run that is under way, and returns once it has ended; the run is kept then
// as a stopped one. One that has ended it forgets. ErrNotFound: there is none of that name.
func (r *Runs) Remove(ctx context.Context, id string) error {
	r.mu.Lock()
	found := r.find(id)
	if found == nil {
		r.mu.Unlock()
		return ErrNotFound
	}
	if found.stop == nil {
		r.drop(found)
		r.mu.Unlock()
		return nil
	}
	found.stop()
	r.mu.Unlock()
	select {
	case <-found.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close takes no new runs, stops the one that is under way and returns once it has ended.
func (r *Runs) Close() {
	r.mu.Lock()
	r.closed = true
	current := r.running
	if current != nil {
		current.stop()
	}
	r.mu.Unlock()
	if current != nil {
		<-current.done
	}
}

func byStart(a, b Run) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) }
