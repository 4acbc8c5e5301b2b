package redis

import (
	"reflect"

	"github.com/mantisdb/mantisdb"
)

// led are the shards that this node leads, as the store of which this server tells.
type led struct{ *routing }

// Engine implements store: it is that of the shards, which have all the same.
func (l led) Engine() string {
	parts, _ := l.local() // without one there is no name to tell
	for _, p := range parts {
		return p.db.Engine()
	}
	return ""
}

// Keyspaces implements store: the lists of all shards, with what they have of each keyspace.
func (l led) Keyspaces() ([]mantisdb.KeyspaceInfo, error) {
	var list []mantisdb.KeyspaceInfo
	names := map[string]bool{}
	err := l.each(func(p *part) error {
		found, err := p.db.Keyspaces()
		for _, info := range found {
			if !names[info.Name] {
				names[info.Name] = true
				list = append(list, info)
			}
		}
		return err
	})
	return list, err
}

// Stats implements store: the sums, and of what is no number that of any shard.
func (l led) Stats() (mantisdb.Stats, error) {
	var sum mantisdb.Stats
	err := l.each(func(p *part) error {
		stats, err := p.db.Stats()
		if err == nil {
			sum = addStats(sum, stats)
		}
		return err
	})
	return sum, err
}

// Sync implements store.
func (l led) Sync() error { return l.each(func(p *part) error { return p.db.Sync() }) }

// SyncLog implements store.
func (l led) SyncLog() error { return l.each(func(p *part) error { return p.db.SyncLog() }) }

// Compact implements store.
func (l led) Compact() error { return l.each(func(p *part) error { return p.db.Compact() }) }

// each calls do for all shards that this node leads, and passes over those that it does not
// lead any more.
func (l led) each(do func(*part) error) error {
	parts, err := l.local()
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := do(p); err != nil && !isGone(err) {
			return err
		}
	}
	return nil
}

// addStats are the figures of two databases of one process together.
func addStats(a, b mantisdb.Stats) mantisdb.Stats {
	sum := b
	to, from := reflect.ValueOf(&sum).Elem(), reflect.ValueOf(a)
	for i := range from.NumField() {
		switch field := to.Field(i); field.Kind() {
		case reflect.Uint64:
			field.SetUint(field.Uint() + from.Field(i).Uint())
		case reflect.Bool:
			field.SetBool(field.Bool() || from.Field(i).Bool())
		}
	}
	sum.AllocatorBytes = max(a.AllocatorBytes, b.AllocatorBytes) // each tells of the process
	sum.LastVersion = max(a.LastVersion, b.LastVersion)
	return sum
}
