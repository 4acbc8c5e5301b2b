package metamorphic

import (
	"slices"
	"sort"

	"github.com/mantisdb/mantisdb"
)

// entry is a value that a key was given. Nothing of it changes but what is learnt:
// neither the version nor the exact expiry is known before it was read.
type entry struct {
	in         *space // nil of the applied index
	key, value string // the key is an address
	written    uint64 // the number of the write
	after      uint64 // the version is greater than this one
	version    uint64 // 0 while it is not known
	// When it expires, in Unix milliseconds: not before, and not after; 0 is never.
	soonest, latest int64
	span            *mantisdb.Range // of a pending write, the keys that it deletes
}

// name is the key in its keyspace.
func (e *entry) name() string { return e.key[addressLen:] }

// expired tells whether the value is gone for certain.
func (e *entry) expired(now int64) bool { return e.latest != 0 && e.latest <= now }

// state is what a database or a snapshot holds, in the order of keys.
type state struct{ entries []*entry }

func (s *state) place(key string) (i int, found bool) {
	i = sort.Search(len(s.entries), func(i int) bool { return s.entries[i].key >= key })
	return i, i < len(s.entries) && s.entries[i].key == key
}

// get is a key's entry that has not expired, nil without one.
func (s *state) get(key string, now int64) *entry {
	if i, found := s.place(key); found && !s.entries[i].expired(now) {
		return s.entries[i]
	}
	return nil
}

func (s *state) put(e *entry) {
	i, found := s.place(e.key)
	if found {
		s.entries[i] = e
	} else {
		s.entries = slices.Insert(s.entries, i, e)
	}
}

func (s *state) remove(key string) {
	if i, found := s.place(key); found {
		s.entries = slices.Delete(s.entries, i, i+1)
	}
}

func (s *state) clone() *state { return &state{slices.Clone(s.entries)} }

// in are the entries of a range that have not expired, in its order.
func (s *state) in(r mantisdb.Range, now int64) []*entry {
	from, _ := s.place(string(r.Start))
	to := len(s.entries)
	if r.End != nil {
		to, _ = s.place(string(r.End))
	}
	var found []*entry
	for i := from; i < to; i++ {
		if !s.entries[i].expired(now) {
			found = append(found, s.entries[i])
		}
	}
	if r.Reverse {
		slices.Reverse(found)
	}
	return found
}

// users are the entries of all keyspaces that have not expired: not the applied index.
func (s *state) users(now int64) []*entry {
	return s.in(mantisdb.Range{End: []byte(indexAddress)}, now)
}

// without is the state without a range.
func (s *state) without(r mantisdb.Range) *state {
	rest := s.clone()
	for _, e := range s.in(r, 0) {
		rest.remove(e.key)
	}
	return rest
}

func contains(r mantisdb.Range, key string) bool {
	return key >= string(r.Start) && (r.End == nil || key < string(r.End))
}

// overlap tells whether there may be a key that both ranges hold.
func overlap(a, b mantisdb.Range) bool {
	return (b.End == nil || string(a.Start) < string(b.End)) && (a.End == nil || string(b.Start) < string(a.End))
}
