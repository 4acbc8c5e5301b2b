package metamorphic

import (
	"bytes"
	"fmt"
)

// Failure is what came out wrong.
type Failure struct {
	Index  int    // of the operation, len(Ops) of the end
	Op     string // the operation's line
	Kind   string
	Engine string // "" if two engines differ
	What   string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("operation %d, %s\nengine %s: %s", f.Index+1, f.Op, f.Engine, f.What)
}

// Outcome is what came of a script.
type Outcome struct {
	Failure *Failure // nil if all was right
	Steps   int      // operations done, on all engines
	// Uncertain tells that something expired in the middle of an operation, so that
	// its result says nothing. The script ends there.
	Uncertain bool
}

// verifyOp ends each script.
var verifyOp = Op{Kind: "verify"}

// Run carries out a script on each of its engines, in lockstep. Directories are made
// below home, which must exist, and are left there.
func Run(s *Script, home string) Outcome {
	var out Outcome
	var targets []*target
	base := now()
	for _, engine := range s.Engines {
		t := newTarget(engine, home, s, base)
		defer t.close()
		if t.failure != "" {
			out.Failure = t.failed(0, &Op{Kind: databaseWord})
			return out
		}
		targets = append(targets, t)
	}
	for i := range s.Ops {
		if !out.step(targets, i, &s.Ops[i]) {
			return out
		}
	}
	if !out.step(targets, len(s.Ops), &verifyOp) {
		return out
	}
	for _, t := range targets {
		if t.close(); t.failure != "" {
			out.Failure = t.failed(len(s.Ops), &Op{Kind: "close"})
		}
	}
	return out
}

// step does an operation on all engines, and tells whether all is well.
func (out *Outcome) step(targets []*target, i int, o *Op) bool {
	for _, t := range targets {
		t.step(o)
		out.Steps++
		if t.failure != "" {
			out.Uncertain = t.isUncertain()
			if !out.Uncertain {
				out.Failure = t.failed(i, o)
			}
			return false
		}
	}
	return out.compare(targets, i, o)
}

// compare compares what came of an operation on the engines.
func (out *Outcome) compare(targets []*target, i int, o *Op) bool {
	first := targets[0]
	for _, other := range targets[1:] {
		if bytes.Equal(first.said, other.said) {
			continue
		}
		out.Uncertain = first.isUncertain() || other.isUncertain()
		if !out.Uncertain {
			out.Failure = &Failure{Index: i, Op: o.String(), Kind: o.Kind, What: fmt.Sprintf("engine %s: %s\nengine %s: %s",
				first.engine, show(string(first.said)), other.engine, show(string(other.said)))}
		}
		return false
	}
	return true
}

func (t *target) failed(i int, o *Op) *Failure {
	return &Failure{Index: i, Op: o.String(), Kind: o.Kind, Engine: t.engine, What: t.failure}
}
