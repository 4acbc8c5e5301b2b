package bench

import "github.com/mantisdb/mantisdb"

// store is what the workloads need of a database; tests put faulty ones here.
type store interface {
	Engine() string
	AppendGet(dst, key []byte) ([]byte, error)
	Put(key, value []byte) error
	Write(b *mantisdb.Batch) error
	// Walk yields all entries in ascending order, borrowed until yield returns,
	// until yield returns false.
	Walk(yield func(key, value []byte) bool) error
	Stats() (mantisdb.Stats, error)
	Close() error
}

// database is a store over the public API.
type database struct{ *mantisdb.DB }

// ample is a memory limit that no level comes to: what is measured is read back, and so
// must stay in a cache.
const ample = 1 << 40

// openStore opens an empty database in memory.
func openStore(engine string) (store, error) {
	options := &mantisdb.Options{Engine: engine}
	if engine == mantisdb.EngineCache {
		options.MemoryLimit = ample
	}
	db, err := mantisdb.Open("", options)
	if err != nil {
		return nil, err
	}
	return database{db}, nil
}

func (d database) Walk(yield func(key, value []byte) bool) error {
	scan := d.Scan(mantisdb.Range{})
	scan.All()(yield)
	return scan.Err()
}
