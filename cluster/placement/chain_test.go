package placement

import (
	"iter"
	"slices"
	"testing"
)

// A row is nodes of which each may hand on to the next alone, and remembers what was handed.
type row struct {
	over   []float64
	handed []step
}

func (r *row) members() []int          { return []int{0, 1, 2, 3}[:len(r.over)] }
func (r *row) excess(node int) float64 { return r.over[node] }
func (r *row) offers(node int) []int   { return []int{10 + node} }
func (r *row) prefers(a, b step) bool  { return a.shard < b.shard }
func (r *row) takers(_, from int) iter.Seq[int] {
	return slices.Values(r.members()[min(from+1, len(r.over)):min(from+2, len(r.over))])
}

func (r *row) hand(shard, from, to int) {
	r.handed = append(r.handed, step{shard, from, to})
	r.over[from]--
	r.over[to]++
}

func TestLevel(t *testing.T) {
	for _, test := range []struct {
		name   string
		over   []float64
		handed []step
	}{
		{"fractions", []float64{0.6, 0, 0, -0.6}, nil},
		{"one step", []float64{1, -1, 0, 0}, []step{{10, 0, 1}}},
		{"a chain, from its end", []float64{1, 0, 0, -1}, []step{{12, 2, 3}, {11, 1, 2}, {10, 0, 1}}},
		{"the single step first", []float64{0.95, 0.1, 0.9, -1}, []step{{12, 2, 3}}},
		{"no way back", []float64{-1, 0, 0, 1}, nil},
	} {
		r := &row{over: test.over}
		if level(r); !slices.Equal(r.handed, test.handed) {
			t.Errorf("%s: %v, not %v", test.name, r.handed, test.handed)
		}
	}
}
