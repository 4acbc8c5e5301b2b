package redis

import (
	"bytes"

	"github.com/mantisdb/mantisdb"
)

// lcsOptions are what may follow LCS's keys.
type lcsOptions struct {
	length, indexes bool
	withLength      bool  // of each match
	shortest        int64 // match that is replied
}

// lcs is LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN].
func lcs(r *Request) error {
	o, err := r.parseLCSOptions()
	if err != nil {
		return err
	}
	value, _, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	a := bytes.Clone(value.Bytes)
	if value, _, err = r.read(r.args[2]); err != nil {
		return err
	}
	table, err := newLCSTable(a, value.Bytes)
	if err != nil {
		return err
	}
	switch {
	case o.indexes:
		r.replyMatches(o, table)
	case o.length:
		r.out.Int(int64(table.length()))
	default:
		r.out.Bulk(table.common())
	}
	return nil
}

func (r *Request) parseLCSOptions() (o lcsOptions, err error) {
	for i := 3; i < len(r.args); i++ {
		switch arg := r.args[i]; {
		case is(arg, "IDX"):
			o.indexes = true
		case is(arg, "LEN"):
			o.length = true
		case is(arg, "WITHMATCHLEN"):
			o.withLength = true
		case is(arg, "MINMATCHLEN") && i+1 < len(r.args):
			i++
			if o.shortest, err = r.int(i); err != nil {
				return o, err
			}
		default:
			return o, errSyntax
		}
	}
	if o.length && o.indexes {
		return o, Error("ERR If you want both the length and indexes, please just use IDX.")
	}
	return o, nil
}

func (r *Request) replyMatches(o lcsOptions, table *lcsTable) {
	matches := table.matches(o.shortest)
	r.out.Map(2)
	r.out.BulkString("matches")
	r.out.Array(len(matches))
	for _, m := range matches {
		if o.withLength {
			r.out.Array(3)
		} else {
			r.out.Array(2)
		}
		r.replyRange(m.a, m.length)
		r.replyRange(m.b, m.length)
		if o.withLength {
			r.out.Int(int64(m.length))
		}
	}
	r.out.BulkString("len")
	r.out.Int(int64(table.length()))
}

func (r *Request) replyRange(first, length int) {
	r.out.Array(2)
	r.out.Int(int64(first))
	r.out.Int(int64(first + length - 1))
}

// lcsTable has the lengths of the longest common subsequences of all beginnings of two
// strings: that of a[:i] and b[:j] is at i*(len(b)+1) + j.
type lcsTable struct {
	a, b    []byte
	lengths []uint32
}

// newLCSTable computes the table, which is bounded as a value is.
func newLCSTable(a, b []byte) (*lcsTable, error) {
	cells := int64(len(a)+1) * int64(len(b)+1)
	if cells*4 > mantisdb.MaxValueLen {
		return nil, Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
	}
	t := &lcsTable{a, b, make([]uint32, cells)}
	width := len(b) + 1
	for i := range a {
		above, row := t.lengths[i*width:(i+1)*width], t.lengths[(i+1)*width:(i+2)*width]
		for j := range b {
			if a[i] == b[j] {
				row[j+1] = above[j] + 1
			} else {
				row[j+1] = max(above[j+1], row[j])
			}
		}
	}
	return t, nil
}

func (t *lcsTable) at(i, j int) uint32 { return t.lengths[i*(len(t.b)+1)+j] }

func (t *lcsTable) length() int { return int(t.lengths[len(t.lengths)-1]) }

// walk yields the places of the common bytes, from the last one to the first.
func (t *lcsTable) walk(yield func(i, j int)) {
	i, j := len(t.a), len(t.b)
	for i > 0 && j > 0 {
		switch {
		case t.a[i-1] == t.b[j-1]:
			i, j = i-1, j-1
			yield(i, j)
		case t.at(i-1, j) > t.at(i, j-1):
			i--
		default:
			j--
		}
	}
}

// common is the longest common subsequence.
func (t *lcsTable) common() []byte {
	common := make([]byte, t.length())
	next := len(common)
	t.walk(func(i, _ int) {
		next--
		common[next] = t.a[i]
	})
	return common
}

// lcsMatch is a run of common bytes, where it begins in both strings.
type lcsMatch struct{ a, b, length int }

// matches are the runs of at least a length, the last one first.
func (t *lcsTable) matches(shortest int64) []lcsMatch {
	var all []lcsMatch
	t.walk(func(i, j int) {
		if n := len(all) - 1; n >= 0 && all[n].a == i+1 && all[n].b == j+1 {
			all[n] = lcsMatch{i, j, all[n].length + 1}
		} else {
			all = append(all, lcsMatch{i, j, 1})
		}
	})
	kept := all[:0]
	for _, m := range all {
		if int64(m.length) >= shortest {
			kept = append(kept, m)
		}
	}
	return kept
}
