//go:build linux && (amd64 || arm64)

package eventloop

import (
	"testing"
	"time"
)

// A leader keeps its thread while it waits only if events come soon: else it would hold a
// processor of the scheduler's that others need.
func TestOnlyEventsThatComeSoonAreWaitedForBriskly(t *testing.T) {
	l, err := newLoop(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.end()
	if !l.mayBeBrisk {
		t.Skip("one processor alone")
	}
	// after waits for an event that comes so late, and tells whether the next is waited for briskly.
	after := func(late time.Duration) bool {
		go func() {
			time.Sleep(late)
			signal(l.wake)
		}()
		if err := l.wait(); err != nil {
			t.Fatal(err)
		}
		l.resolve()
		return l.brisk
	}
	for tries := 0; !after(0); tries++ {
		if tries == 1000 {
			t.Fatal("events that are there are not taken for soon")
		}
	}
	if !l.mayBeBrisk {
		t.Skip("the system has no epoll_pwait2")
	}
	// On a busy machine an event that is to come late may be there before it is waited for.
	const events = 100
	briskly := 0
	for range events {
		l.brisk = l.mayBeBrisk
		if after(2 * briskGap) {
			briskly++
		}
	}
	if briskly > events/2 {
		t.Fatalf("after %d of %d events that came late the next are waited for briskly", briskly, events)
	}
}
