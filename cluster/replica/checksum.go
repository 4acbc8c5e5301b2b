package replica

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/mantisdb/mantisdb/storage"
)

// Checksum sums up all that the replica has, as of one moment: replicas of a group that have
// applied the same entry have the same sum. It reads everything. Versions do not count, since each
// engine has its own, nor what has expired.
func (r *Replica) Checksum() (applied, entries uint64, sum string, err error) {
	engine, err := r.current()
	if err != nil {
		return 0, 0, "", err
	}
	snap, err := engine.Snapshot()
	if err != nil {
		return 0, 0, "", err
	}
	defer snap.Close()
	known, err := readRecord(snap.AppendGetMeta)
	if err != nil {
		return 0, 0, "", err
	}
	cursor, err := viewInNone(r).scan(snap, storage.Range{})
	if err != nil {
		return 0, 0, "", err
	}
	defer cursor.Close()
	hash := sha256.New()
	var lengths [24]byte
	for cursor.Next() {
		entries++
		binary.LittleEndian.PutUint64(lengths[:], uint64(len(cursor.Key())))
		binary.LittleEndian.PutUint64(lengths[8:], uint64(len(cursor.Value())))
		binary.LittleEndian.PutUint64(lengths[16:], uint64(cursor.Meta().ExpiresAt))
		hash.Write(lengths[:])
		hash.Write(cursor.Key())
		hash.Write(cursor.Value())
	}
	return known.index, entries, hex.EncodeToString(hash.Sum(nil)), cursor.Err()
}
