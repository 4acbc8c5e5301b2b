package replica

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// putBeside puts a value in a goroutine of its own.
func putBeside(l *Leader, value string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := l.Put([]byte("key"), []byte(value), storage.WriteOptions{})
		done <- err
	}()
	return done
}

// handOver hands a term over, and goes on at once.
func handOver(t *testing.T, l *Leader) {
	t.Helper()
	resume, err := l.HandOver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resume()
}

func TestNothingIsWrittenWhileATermIsHandedOver(t *testing.T) {
	all := members(t, 2)
	l := all[0].lead(t, 1)
	write(t, l, "old")
	resume, err := l.HandOver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	applied, done := all[0].replica.Applied(), putBeside(l, "new")
	select {
	case err := <-done:
		t.Fatalf("a write ended while the term was handed over: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if now := all[1].replica.Applied(); now != applied {
		t.Errorf("the other replica has applied %d entries, and this one had %d", now, applied)
	}
	wantValue(t, l, "old")
	resume()
	if err := <-done; err != nil {
		t.Errorf("a write after that: %v", err)
	}
	wantValue(t, l, "new")
}

// A write that does not end in time is not waited for, and others go on.
func TestAHandOverThatIsGivenUp(t *testing.T) {
	all := members(t, 2)
	l := all[0].lead(t, 1)
	release := l.latches.share(&latchSet{whole: true}) // as a write that is under way
	hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	resume, err := l.HandOver(hasty)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a hand-over beside a write without an end: %v", err)
	}
	resume()
	release()
	write(t, l, "value")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAHandedOverLease(t *testing.T) {
	all := members(t, 2)
	first := all[0].lead(t, 1)
	write(t, first, "old")
	handOver(t, first)
	before := all[0].asked.Load()
	write(t, first, "value") // which begins none
	wantValue(t, first, "value")
	wantValue(t, first, "value")
	if asked := all[0].asked.Load() - before; asked != 2 {
		t.Errorf("two reads after the lease asked %d times", asked)
	}
	began := now()
	second := all[1].lead(t, 2)
	if waited := time.Duration(now() - began); waited >= takeoverTime {
		t.Errorf("who followed waited for %v", waited)
	}
	resume, err := first.HandOver(t.Context())
	if resume(); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("a term that is over is handed over: %v", err)
	}
	write(t, second, "later")
	all[1].isolate()
	began = now()
	all[0].lead(t, 1) // whose own lease before was given up, but not that of the second
	if waited := time.Duration(now() - began); waited < takeoverTime {
		t.Errorf("beside a lease it waited for %v, want %v", waited, takeoverTime)
	}
}
