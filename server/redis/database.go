package redis

import "github.com/mantisdb/mantisdb"

// Database is what the protocol serves. *mantisdb.DB is one.
type Database interface {
	store
	// DefaultKeyspace, Keyspace and CreateKeyspace are mantisdb.DB's.
	DefaultKeyspace() *mantisdb.Keyspace
	Keyspace(name string) (*mantisdb.Keyspace, error)
	CreateKeyspace(name string, o mantisdb.KeyspaceOptions) (*mantisdb.Keyspace, error)
	// View, UpdateWith and WriteWith are mantisdb.DB's.
	View(fn func(tx *mantisdb.Tx) error) error
	UpdateWith(fn func(tx *mantisdb.Tx) error, o mantisdb.WriteOptions) error
	WriteWith(b *mantisdb.Batch, o mantisdb.WriteOptions) error
}

// store is what concerns all of the data at once. It is the Database, or what this node leads
// of the cluster.
type store interface {
	// Engine is the engine's name.
	Engine() string
	// Keyspaces, Stats, Sync, SyncLog and Compact are mantisdb.DB's.
	Keyspaces() ([]mantisdb.KeyspaceInfo, error)
	Stats() (mantisdb.Stats, error)
	Sync() error
	SyncLog() error
	Compact() error
}
