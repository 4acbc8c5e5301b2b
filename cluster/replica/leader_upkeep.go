package replica

import "github.com/mantisdb/mantisdb/storage"

// Name implements storage.Engine.
func (l *Leader) Name() string { return l.replica.engineName() }

// Sync implements storage.Engine: what was acknowledged is on the disks of a majority.
func (l *Leader) Sync() error { return l.begin() }

// SyncLog implements storage.Engine as Sync does.
func (l *Leader) SyncLog() error { return l.begin() }

// Checkpoint implements storage.Engine, of this replica.
func (l *Leader) Checkpoint(dir string) error {
	engine, err := l.current()
	if err != nil {
		return err
	}
	return failed(engine.Checkpoint(dir))
}

// SetCompression implements storage.Engine, of this replica.
func (l *Leader) SetCompression(prefix []byte, c storage.Compression) error {
	engine, err := l.local()
	if err != nil {
		return err
	}
	return failed(engine.SetCompression(prefix, c))
}

// Compact implements storage.Engine, of this replica.
func (l *Leader) Compact() error {
	engine, err := l.local()
	if err != nil {
		return err
	}
	return failed(engine.Compact())
}

// Stats implements storage.Engine: the figures are those of this replica, without its record.
func (l *Leader) Stats() (storage.Stats, error) {
	engine, err := l.local()
	if err != nil {
		return storage.Stats{}, err
	}
	stats, err := engine.Stats()
	if err != nil {
		return stats, failed(err)
	}
	stats.Keys -= min(stats.Keys, 1)
	stats.LastVersion = l.outward(stats.LastVersion)
	stats.OldestSnapshot = l.outward(stats.OldestSnapshot)
	stats.Durability = storage.DurabilitySync
	return stats, nil
}

// Structure implements storage.Engine, of this replica.
func (l *Leader) Structure(mostSegments int) (storage.Structure, error) {
	engine, err := l.local()
	if err != nil {
		return storage.Structure{}, err
	}
	structure, err := engine.Structure(mostSegments)
	return structure, failed(err)
}
