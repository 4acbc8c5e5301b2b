package metamorphic

import (
	"errors"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb"
)

// The key of an operation on keyspaces is a name.
var keyspaceKinds = []kind{
	{"create-keyspace", 6, (*generator).createKeyspace, runCreateKeyspace},
	{"drop-keyspace", 3, (*generator).keyspaceName, runDropKeyspace},
	{"find-keyspace", 4, (*generator).keyspaceName, runFindKeyspace},
	{"list-keyspaces", 3, (*generator).nothing, runListKeyspaces},
}

// existing is the keyspace of a name that exists, nil without one.
func (t *target) existing(name string) *space {
	if s := t.spaces[name]; s != nil && !s.dropped && !s.isDefault() {
		return s
	}
	return nil
}

// runCreateKeyspace makes one of memory only if the mode says so.
func runCreateKeyspace(t *target, o *Op) {
	name, options := o.Key.Text(), mantisdb.KeyspaceOptions{TTL: o.TTL, MemoryOnly: o.Mode == "memory-only"}
	var want error
	if !isKeyspaceName(name) {
		want = mantisdb.ErrInvalidOptions
	}
	if o.TTL < 0 {
		want = errors.Join(want, mantisdb.ErrInvalidTTL)
	}
	if t.existing(name) != nil {
		want = errors.Join(want, mantisdb.ErrKeyspaceExists)
	}
	real, err := t.db.CreateKeyspace(name, options)
	if !t.err("CreateKeyspace", err, want) {
		return
	}
	options.TTL = (options.TTL + time.Millisecond - 1).Truncate(time.Millisecond)
	t.check(real.Name() == name && real.Options() == options, "the keyspace %s has the name %q and the options %+v", show(name), real.Name(), real.Options())
	t.created++
	t.writes++
	t.spaces[name] = &space{t.created, name, options, real, t.db, false, 0}
}

// runDropKeyspace keeps the handle, which is of no use from then on.
func runDropKeyspace(t *target, o *Op) {
	s := t.existing(o.Key.Text())
	var want error
	if s == nil {
		want = mantisdb.ErrKeyspaceNotFound
	}
	if t.err("DropKeyspace", t.db.DropKeyspace(o.Key.Text()), want) {
		s.dropped, s.droppedAt = true, len(t.history)
		t.removeRange(s.span(mantisdb.Range{}))
	}
}

func runFindKeyspace(t *target, o *Op) {
	s := t.existing(o.Key.Text())
	real, err := t.db.Keyspace(o.Key.Text())
	if s == nil {
		t.err("Keyspace", err, mantisdb.ErrKeyspaceNotFound)
	} else if t.err("Keyspace", err, nil) {
		t.check(real == s.real, "Keyspace gave another handle than CreateKeyspace")
	}
}

func runListKeyspaces(t *target, _ *Op) { t.compareKeyspaces(t.db) }

// names are those of the keyspaces that exist, in order.
func (t *target) names() (names []string) {
	for name := range t.spaces {
		if t.existing(name) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// compareKeyspaces compares the list of a database's keyspaces.
func (t *target) compareKeyspaces(db *mantisdb.DB) {
	got, err := db.Keyspaces()
	t.err("Keyspaces", err, nil)
	want := []mantisdb.KeyspaceInfo{}
	for _, name := range t.names() {
		want = append(want, mantisdb.KeyspaceInfo{Name: name, Options: t.spaces[name].options})
	}
	t.check(slices.Equal(got, want), "the keyspaces are %+v, want %+v", got, want)
}
