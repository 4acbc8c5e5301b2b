package mantisdb

import "github.com/mantisdb/mantisdb/storage"

// Structure is what a database's engine is made of at one moment: its memtables, its log, its
// levels of segments, what is done in the background, and its cache. It is for people to
// look at, and may gain fields. Keys in it are as the engine has them, where those of a
// keyspace other than the default one begin with bytes of its own.
type Structure = storage.Structure

// Parts of a Structure.
type (
	Memtable   = storage.Memtable
	Log        = storage.Log
	LogFile    = storage.LogFile
	Level      = storage.Level
	Segment    = storage.Segment
	Compaction = storage.Compaction
	BlockCache = storage.BlockCache
	CacheQueue = storage.CacheQueue
)

// Structure tells what the database's engine is made of, with at most so many segments, those
// of the upper levels first. It costs no scan, but time and memory by the number of
// segments: a few hundred bytes each.
func (db *DB) Structure(mostSegments int) (Structure, error) {
	return db.engine.Structure(mostSegments)
}
