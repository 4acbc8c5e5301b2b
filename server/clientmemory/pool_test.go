package clientmemory

import (
	"sync"
	"testing"
)

func TestSharesAddUp(t *testing.T) {
	p := NewPool(4 * Step)
	var a, b Share
	a.Open(p)
	b.Open(p)
	if a.Set(Step-1) || p.Used() != 0 {
		t.Fatalf("%d counted of less than a step", p.Used())
	}
	if a.Set(2*Step) || b.Set(2*Step) || p.Used() != 4*Step || p.Excess() != 0 {
		t.Fatalf("%d used, %d too many", p.Used(), p.Excess())
	}
	if !b.Set(3*Step) || p.Excess() != Step {
		t.Fatalf("%d too many, and nobody was told", p.Excess())
	}
	if b.Set(2*Step) || p.Excess() != 0 {
		t.Fatal("to take less is none the better")
	}
	p.SetLimit(Step)
	if a.Set(Step) || p.Excess() != 2*Step {
		t.Fatalf("%d too many of a lower limit", p.Excess())
	}
	a.Release()
	a.Release()
	if a.Set(10*Step) || p.Used() != 2*Step {
		t.Fatalf("%d used after a release", p.Used())
	}
	b.Release()
	if p.Used() != 0 {
		t.Fatalf("%d used by nobody", p.Used())
	}
	a.Open(p)
	if a.Set(Step); p.Used() != Step {
		t.Fatal("a share that was opened again counts nothing")
	}
}

func TestTakeStopsAtTheLimit(t *testing.T) {
	p := NewPool(Step)
	var a, b Share
	a.Open(p)
	b.Open(p)
	if !a.Take(Step/2) || !b.Take(Step/2) || b.Take(1) {
		t.Fatalf("%d were let in", p.Used())
	}
	if p.Used() != Step {
		t.Fatalf("%d counted", p.Used())
	}
	a.Release()
	if !b.Take(1) {
		t.Fatal("room that was given back is not there")
	}
}

func TestWithoutALimit(t *testing.T) {
	p := NewPool(0)
	var counted, uncounted Share
	counted.Open(p)
	uncounted.Open(nil)
	if counted.Set(1<<50) || !counted.Take(1<<50) || p.Excess() != 0 || p.Used() != 2<<50 {
		t.Fatalf("%d used, %d too many", p.Used(), p.Excess())
	}
	if uncounted.Set(1<<50) || !uncounted.Take(1) || (*Pool)(nil).Used() != 0 || (*Pool)(nil).Excess() != 0 {
		t.Fatal("a pool that is none has a limit")
	}
	uncounted.Release()
}

// Whoever releases a share while it grows, nothing of it stays.
func TestReleaseDuringGrowth(t *testing.T) {
	p := NewPool(0)
	for range 200 {
		var s Share
		s.Open(p)
		var both sync.WaitGroup
		both.Go(func() {
			for n := range int64(100) {
				s.Set(n * Step)
			}
		})
		both.Go(s.Release)
		both.Wait()
	}
	if p.Used() != 0 {
		t.Fatalf("%d bytes are used by nobody", p.Used())
	}
}
