package engine

import (
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"
)

func init() {
	register(Kind{
		Name:    "bbolt",
		Version: moduleVersion("go.etcd.io/bbolt"),
		Disk:    true,
		Settings: func(Config) string {
			return "no budget (it maps its file), a map as freelist that is not on disk, as etcd has it, no statistics, batches of as many as write at once"
		},
		Open: openBolt,
	})
}

// boltMap is how much of the file can be mapped without a stop of all readers, in
// bytes: etcd's choice.
const boltMap = 10 << 30

var boltBucket = []byte("entries")

// boltStore is bbolt as etcd sets it.
type boltStore struct {
	db *bbolt.DB
	// put commits one client's write or, if there are many clients, what they
	// write at the same time.
	put func(func(*bbolt.Tx) error) error
}

func openBolt(c Config) (Engine, error) {
	db, err := bbolt.Open(filepath.Join(c.Dir, "data.db"), 0o600, &bbolt.Options{
		NoSync: !c.Sync, NoGrowSync: !c.Sync,
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
		InitialMmapSize: boltMap,
		NoStatistics:    true,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(boltBucket)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make the bucket: %w", firstOf(err, db.Close()))
	}
	return &boltStore{db: db, put: db.Update}, nil
}

// Expect has a commit wait until all clients that write have joined it, at most
// for bbolt's ten milliseconds.
func (s *boltStore) Expect(clients int) {
	s.put = s.db.Update
	if clients > 1 {
		s.db.MaxBatchSize = clients
		s.put = s.db.Batch
	}
}

func (s *boltStore) Put(key, value []byte) error {
	return s.put(func(tx *bbolt.Tx) error { return tx.Bucket(boltBucket).Put(key, value) })
}

func (s *boltStore) PutBatch(entries []Entry) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(boltBucket)
		for _, e := range entries {
			if err := bucket.Put(e.Key, e.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *boltStore) Get(dst, key []byte) ([]byte, error) {
	missing := false
	err := s.db.View(func(tx *bbolt.Tx) error {
		value := tx.Bucket(boltBucket).Get(key)
		missing = value == nil
		dst = append(dst, value...)
		return nil
	})
	if missing {
		return dst, ErrMissing
	}
	return dst, err
}

func (s *boltStore) Delete(key []byte) error {
	return s.put(func(tx *bbolt.Tx) error { return tx.Bucket(boltBucket).Delete(key) })
}

func (s *boltStore) Scan(from []byte, most int, visit func(key, value []byte) error) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(boltBucket).Cursor()
		key, value := cursor.Seek(from)
		for seen := 0; key != nil; key, value = cursor.Next() {
			if err := visit(key, value); err != nil {
				return err
			}
			if seen++; seen == most {
				break
			}
		}
		return nil
	})
}

func (s *boltStore) SyncLog() error { return s.db.Sync() }

// Settle only syncs: bbolt has nothing in memory, and gives no space back.
func (s *boltStore) Settle() error { return s.db.Sync() }

func (s *boltStore) Close() error { return s.db.Close() }
