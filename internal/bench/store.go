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

// openStore opens an empty database in memory.
func openStore(engine string) (store, error) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: engine})
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
