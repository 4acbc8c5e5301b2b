package mantisdb

import "slices"

// scope is what a batch or a transaction writes to.
type scope struct {
	main    *Keyspace   // the default one, if it was given and not only meant
	named   []*Keyspace // the others
	lasts   bool        // not only to keyspaces of memory only
	indexes int         // how many of the operations set the applied index
}

// add notes a write to a keyspace; nil is the default one.
func (s *scope) add(ks *Keyspace) {
	if ks == nil {
		s.lasts = true
		return
	}
	// A second default one is another database's, which check finds.
	if !ks.region.named && (s.main == nil || s.main == ks) {
		s.main, s.lasts = ks, true
		return
	}
	if n := len(s.named); n > 0 && s.named[n-1] == ks {
		return
	}
	if !slices.Contains(s.named, ks) {
		s.named = append(s.named, ks)
		s.lasts = s.lasts || !ks.options.MemoryOnly
	}
}

// addIndex notes that the applied index is set.
func (s *scope) addIndex() {
	s.lasts = true
	s.indexes++
}

// join adds all of another scope, which is of the same database.
func (s *scope) join(other *scope) {
	s.lasts = s.lasts || other.lasts
	s.indexes += other.indexes
	for _, ks := range other.named {
		s.add(ks)
	}
}

// check returns nil if all keyspaces exist in a database.
func (s *scope) check(db *DB) error {
	if s.main != nil {
		if err := s.main.checkOf(db); err != nil {
			return err
		}
	}
	for _, ks := range s.named {
		if err := ks.checkOf(db); err != nil {
			return err
		}
	}
	return nil
}

// durability is the level of the whole, which is to be written at a level.
func (s *scope) durability(d Durability) Durability {
	if !s.lasts && len(s.named) > 0 {
		return ofMemoryOnly(d)
	}
	return d
}

// written notes in a database that what is in the scope was written to it.
func (s *scope) written(db *DB) {
	if s.indexes > 0 && !db.catalog.indexed.Load() {
		db.catalog.indexed.Store(true)
	}
}

func (s *scope) reset() {
	clear(s.named)
	*s = scope{named: s.named[:0]}
}
