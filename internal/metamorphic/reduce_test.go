package metamorphic

import (
	"slices"
	"testing"
	"time"
)

// TestReduce reduces a script of which three operations matter, in their order.
func TestReduce(t *testing.T) {
	s := Generate(1, 1000, true, []string{"go", "rust"})
	first, second := Op{Kind: "put", Key: blob("a"), Value: repeated("long", 900)}, Op{Kind: "compact"}
	last := Op{Kind: "get", Key: blob("a")}
	s.Ops = slices.Concat(s.Ops[:300], []Op{first}, s.Ops[300:500], []Op{second}, s.Ops[500:800], []Op{last}, s.Ops[800:])
	tried := 0
	run := func(s *Script) *Failure {
		tried++
		state := 0
		for i, o := range s.Ops {
			switch {
			case state == 0 && o.Kind == "put" && o.Key == blob("a"), state == 1 && o.Kind == "compact":
				state++
			case state == 2 && o.Kind == "get" && o.Key == blob("a"):
				return &Failure{Index: i, Kind: o.Kind}
			}
		}
		return nil
	}
	short, failure := Reduce(s, run(s), time.Minute, run)
	const want = "database engines=go place=memory\nput key=\"a\"\ncompact\nget key=\"a\"\n"
	if short.String() != want || failure.Index != 2 {
		t.Errorf("reduced to\n%s\nwhich fails at %d, want\n%s", short, failure.Index, want)
	}
	if tried > 500 {
		t.Errorf("%d scripts were tried", tried)
	}
}

// TestReduceIsInTime has no time to reduce anything but the end.
func TestReduceIsInTime(t *testing.T) {
	s := Generate(1, 1000, false, []string{"go"})
	failure := &Failure{Index: 400, Kind: s.Ops[400].Kind}
	short, _ := Reduce(s, failure, 0, func(*Script) *Failure { return failure })
	if len(short.Ops) != 401 {
		t.Errorf("%d operations are left, want 401", len(short.Ops))
	}
}
