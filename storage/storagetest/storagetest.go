// Package storagetest is the conformance suite of storage.Engine: whatever
// passes it keeps every sentence of the contract.
package storagetest

import (
	"slices"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// Open opens an engine for a test: in memory if dir is "", else in dir, which
// may hold what the same engine left there. It fails the test if it cannot.
type Open func(t testing.TB, dir string) storage.Engine

// Option says more about the engine under test.
type Option func(*suite)

// Durable holds the engine to the contract in a data directory too, and to
// finding there, when opened again, all that was acknowledged.
func Durable() Option { return func(s *suite) { s.durable = true } }

// Without leaves tests out, by their names: those of what the engine under test does not
// promise, or cannot tell.
func Without(names ...string) Option {
	return func(s *suite) { s.without = append(s.without, names...) }
}

// Run runs the suite. The engines it opens share nothing, so tests run at once.
// With -short or -race, sizes and
// repetitions shrink.
func Run(t *testing.T, open Open, options ...Option) {
	s := &suite{open: open}
	for _, option := range options {
		option(s)
	}
	t.Run("memory", func(t *testing.T) {
		s.run(t, place{dir: func(testing.TB) string { return "" }})
	})
	if s.durable {
		t.Run("disk", func(t *testing.T) {
			s.run(t, place{onDisk: true, dir: func(t testing.TB) string { return t.TempDir() }})
		})
	}
}

type suite struct {
	open    Open
	durable bool
	without []string
}

// place is where the engines of a run keep their data.
type place struct {
	onDisk bool
	dir    func(testing.TB) string
}

// bench is what a test works with.
type bench struct {
	*suite
	place
}

// engine opens an empty engine and closes it after the test.
func (b *bench) engine(t testing.TB) storage.Engine { return b.engineIn(t, b.dir(t)) }

// engineIn is engine in a given directory.
func (b *bench) engineIn(t testing.TB, dir string) storage.Engine {
	t.Helper()
	e := b.open(t, dir)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

type test struct {
	name string
	run  func(*testing.T, *bench)
}

func (s *suite) run(t *testing.T, p place) {
	groups := [][]test{
		pointTests, ownershipTests, batchTests, deleteRangeTests, ifAbsentTests, modifyTests, writeIfTests, versionTests,
		expiryTests, reclaimTests, snapshotTests, scanTests, cursorTests,
		statsTests, closeTests, modelTests, durabilityTests, watchTests, structureTests,
	}
	if p.onDisk {
		groups = append(groups, reopenTests, durableTests, diskStructureTests)
	}
	for _, group := range groups {
		for _, test := range group {
			if slices.Contains(s.without, test.name) {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(t, &bench{s, p})
			})
		}
	}
}

// scaled is n repetitions, less with -short or under the race detector.
func scaled(n int) int {
	switch {
	case testing.Short():
		n /= 10
	case raceEnabled:
		n /= 4
	}
	return max(1, n)
}

// light tells whether to keep to few bytes: the race detector slows down the
// copying of large values a hundredfold.
func light() bool { return testing.Short() || raceEnabled }
