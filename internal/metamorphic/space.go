package metamorphic

import (
	"errors"
	"unicode"
	"unicode/utf8"

	"github.com/mantisdb/mantisdb"
)

// space is a keyspace, as it was found in an open database.
type space struct {
	id      int // 0 of the default one; no other one ever has the same
	name    string
	options mantisdb.KeyspaceOptions
	real    *mantisdb.Keyspace
	db      *mantisdb.DB // nil: any, of the default keyspace
	dropped bool
	// droppedAt is the place of the drop in the history.
	droppedAt int
}

// The model has one order of all keys of all keyspaces: an address is the id of the
// keyspace, and the key behind it. A keyspace that is created anew has addresses of its
// own, so that nothing of what was dropped may come back.
const addressLen = 2

// indexAddress is that of the applied index, behind those of all keyspaces.
var indexAddress = (&space{id: 1<<16 - 1}).address("")

func (s *space) address(key string) string {
	return string([]byte{byte(s.id >> 8), byte(s.id)}) + key
}

// span is a range of the keyspace's keys as one of addresses.
func (s *space) span(r mantisdb.Range) mantisdb.Range {
	end := (&space{id: s.id + 1}).address("")
	if r.End != nil {
		end = s.address(string(r.End))
	}
	r.Start, r.End = []byte(s.address(string(r.Start))), []byte(end)
	return r
}

// names is a span as a range of the keyspace's keys.
func (s *space) names(r mantisdb.Range) mantisdb.Range {
	r.Start = r.Start[addressLen:]
	if string(r.End) == string(s.span(mantisdb.Range{}).End) {
		r.End = nil
	} else {
		r.End = r.End[addressLen:]
	}
	return r
}

// in tells why the keyspace cannot be used in a database, nil if it can. Of one that
// was dropped, and is another database's, either may be told.
func (s *space) in(db *mantisdb.DB) (wrong error) {
	if s.db != nil && s.db != db {
		wrong = mantisdb.ErrInvalidOptions
	}
	if s.dropped {
		wrong = errors.Join(wrong, mantisdb.ErrKeyspaceDropped)
	}
	return wrong
}

// isDefault tells whether the keyspace is the default one, which the database's own
// methods read and write.
func (s *space) isDefault() bool { return s.id == 0 }

// usable tells why keyspaces cannot all be used in a database, nil if they can.
func usable(db *mantisdb.DB, spaces []*space) (wrong error) {
	for _, s := range spaces {
		wrong = errors.Join(wrong, s.in(db))
	}
	return wrong
}

// space is an operation's keyspace, nil without one of that name.
func (t *target) space(o *Op) *space { return t.spaces[o.Keyspace.Text()] }

// address is that of an operation's key.
func (t *target) address(o *Op) string { return t.space(o).address(o.Key.Text()) }

// spaceOf is the error of an operation in a database for its keyspace alone.
func (t *target) spaceOf(o *Op, db *mantisdb.DB) error { return t.space(o).in(db) }

// in is what reads and writes an operation's keyspace: the database or a handle.
func (t *target) in(o *Op) store {
	if s := t.space(o); !s.isDefault() {
		return s.real
	}
	return t.db
}

// openSpaces takes the handles of all keyspaces anew, after Open. Those of memory only
// are empty then, and the handles of dropped ones are left behind.
func (t *target) openSpaces() {
	t.spaces[""] = &space{real: t.db.DefaultKeyspace()}
	for name, s := range t.spaces {
		switch {
		case name == "":
		case s.dropped:
			delete(t.spaces, name)
		default:
			real, err := t.db.Keyspace(name)
			t.err("Keyspace after Open", err, nil)
			t.spaces[name] = &space{s.id, name, s.options, real, t.db, false, 0}
			if all := s.span(mantisdb.Range{}); s.options.MemoryOnly && len(t.state.in(all, t.began)) > 0 {
				t.removeRange(all)
			}
		}
	}
}

// isKeyspaceName tells what may name a keyspace.
func isKeyspaceName(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > mantisdb.MaxKeyspaceNameLen || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}
