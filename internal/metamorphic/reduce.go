package metamorphic

import (
	"slices"
	"time"
)

// Reduce makes a script that fails shorter, for as long as it takes but no longer than
// limit, and returns the shortest that still fails at an operation of the same kind.
// run carries a script out, and returns nil if it does not fail.
//
// The operations are reduced by delta debugging: Zeller and Hildebrandt, "Simplifying
// and Isolating Failure-Inducing Input", 2002. Then each of those left is made simpler.
func Reduce(s *Script, failure *Failure, limit time.Duration, run func(*Script) *Failure) (*Script, *Failure) {
	r := &reducer{best: s, failure: failure, run: run, until: time.Now().Add(limit)}
	r.cut(failure)
	r.simplifyOptions()
	for !r.isLate() {
		before := r.best
		r.removeOps()
		r.simplifyOps()
		if r.best == before {
			break
		}
	}
	return r.best, r.failure
}

type reducer struct {
	best    *Script // that fails
	failure *Failure
	run     func(*Script) *Failure
	until   time.Time
}

func (r *reducer) isLate() bool { return time.Now().After(r.until) }

// try takes a script as the best if it fails as the first one has.
func (r *reducer) try(s *Script) bool {
	failure := r.run(s)
	if failure == nil || failure.Kind != r.failure.Kind {
		return false
	}
	r.best, r.failure = s, failure
	r.cut(failure)
	return true
}

// cut drops what comes after the operation that has failed.
func (r *reducer) cut(failure *Failure) {
	if failure.Index+1 < len(r.best.Ops) {
		r.best = r.best.with(r.best.Ops[:failure.Index+1])
	}
}

// with is the script with other operations.
func (s *Script) with(ops []Op) *Script {
	other := *s
	other.Ops = slices.Clone(ops)
	return &other
}

// simplifyOptions tries the script in memory, with one engine, and without options.
func (r *reducer) simplifyOptions() {
	for _, simpler := range []func(*Script){
		func(s *Script) { s.OnDisk = false },
		func(s *Script) { s.Engines = s.Engines[:1] },
		func(s *Script) { s.Engines = s.Engines[len(s.Engines)-1:] },
		func(s *Script) { s.Options = DiskOptions{} },
	} {
		if r.isLate() {
			return
		}
		s := r.best.with(r.best.Ops)
		if simpler(s); s.header() != r.best.header() {
			r.try(s)
		}
	}
}

// removeOps leaves out a part of the operations after another, first large parts and
// then ever smaller ones, as long as the script still fails.
func (r *reducer) removeOps() {
	for size := (len(r.best.Ops) + 1) / 2; size > 0; {
		removed := false
		for at := 0; at < len(r.best.Ops); {
			if r.isLate() {
				return
			}
			end := min(at+size, len(r.best.Ops))
			if r.try(r.best.with(slices.Concat(r.best.Ops[:at], r.best.Ops[end:]))) {
				removed = true
			} else {
				at = end
			}
		}
		if size = min(size, len(r.best.Ops)+1); size > 1 || !removed {
			size /= 2
		}
	}
}

// simplifyOps drops fields of operations, and makes keys and values shorter.
func (r *reducer) simplifyOps() {
	for i := 0; i < len(r.best.Ops); i++ {
		for _, simpler := range simplifications {
			if r.isLate() || i >= len(r.best.Ops) {
				return
			}
			op := r.best.Ops[i]
			if simpler(&op); op.String() != r.best.Ops[i].String() {
				s := r.best.with(r.best.Ops)
				s.Ops[i] = op
				r.try(s)
			}
		}
	}
}

// simplifications make an operation simpler, each in another way.
var simplifications = []func(*Op){
	func(o *Op) { o.Value = Blob{} },
	func(o *Op) { o.Value.times = 0 },
	func(o *Op) { o.Value.times /= 2 },
	func(o *Op) { o.Key.times = min(o.Key.times, 2) },
	func(o *Op) { o.TTL, o.At = 0, 0 },
	func(o *Op) { o.Durability = 0 },
	func(o *Op) { o.Limit = 0 },
	func(o *Op) { o.Start = nil },
	func(o *Op) { o.End = nil },
	func(o *Op) { o.Prefix = nil },
	func(o *Op) { o.Reverse = false },
	func(o *Op) { o.KeysOnly = false },
	func(o *Op) { o.Most = min(o.Most, 1) }, // needs fewer entries
	func(o *Op) { o.Most /= 2 },
	func(o *Op) { o.Most = 0 },
	func(o *Op) { o.Mode = "" },
	func(o *Op) { o.Keyspace = Blob{} },
	func(o *Op) { o.Moves = o.Moves[:len(o.Moves)/2] },
	func(o *Op) { o.Moves = o.Moves[len(o.Moves)/2:] },
	func(o *Op) { o.Moves = o.Moves[min(1, len(o.Moves)):] },
	func(o *Op) { o.Keys = o.Keys[:min(1, len(o.Keys))] },
}
