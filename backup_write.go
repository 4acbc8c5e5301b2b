package mantisdb

import (
	"context"
	"fmt"

	"github.com/mantisdb/mantisdb/internal/backup"
	"github.com/mantisdb/mantisdb/storage"
)

// A backup has its keyspaces numbered anew, from 1 on in the order of their names. So all
// backups have their parts in the same order, whichever keyspaces were made first: several
// can be read side by side and merged.

// backupKeyspace is a keyspace as a backup has it; its id there is its place among them,
// counted from 1.
type backupKeyspace struct {
	name    string
	options KeyspaceOptions
	id      uint32 // where it comes from
}

// backUp adds all that a snapshot has, and returns how much of it users have written.
func backUp(ctx context.Context, snap storage.Snapshot, out *backup.Writer) (entries uint64, err error) {
	index, keyspaces, err := readSystem(snap)
	if err != nil {
		return 0, err
	}
	if err := addSystem(out, index, keyspaces); err != nil {
		return 0, err
	}
	for i, ks := range keyspaces {
		from, to := regionOf(ks.id), regionOf(uint32(i+1))
		n, err := backUpRegion(ctx, snap, out, from, to.prefix[:])
		if err != nil {
			return 0, err
		}
		entries += n
	}
	n, err := backUpRegion(ctx, snap, out, region{}, nil)
	return entries + n, err
}

// readSystem reads the applied index, nil if there is none, and the keyspaces by name.
func readSystem(snap storage.Snapshot) (index []byte, keyspaces []backupKeyspace, err error) {
	system := regionOf(systemID)
	cursor, err := snap.Scan(system.bounds(Range{}))
	if err != nil {
		return nil, nil, err
	}
	defer cursor.Close()
	for cursor.Next() {
		key := system.key(cursor.Key(), nil)
		switch {
		case len(key) == 1 && key[0] == appliedIndexTag:
			index = append([]byte{}, cursor.Value()...)
		case len(key) > 1 && key[0] == keyspaceTag:
			ks, err := parseBackupKeyspace(key, cursor.Value())
			if err != nil {
				return nil, nil, err
			}
			keyspaces = append(keyspaces, ks)
		}
	}
	return index, keyspaces, cursor.Err()
}

// parseBackupKeyspace reads the record of a keyspace.
func parseBackupKeyspace(key, record []byte) (ks backupKeyspace, err error) {
	ks.name = string(key[1:])
	if ks.id, ks.options, err = parseKeyspaceRecord(record); err != nil {
		return ks, fmt.Errorf("the catalog's record of the keyspace %q: %w", ks.name, err)
	}
	return ks, nil
}

// addSystem adds the records of the system keyspace of a backup, in the order of their keys.
func addSystem(out *backup.Writer, index []byte, keyspaces []backupKeyspace) error {
	if index != nil {
		if err := out.Add(appliedIndexKey, index, 0); err != nil {
			return cannotWriteBackup(err)
		}
	}
	for i, ks := range keyspaces {
		if err := out.Add(keyspaceKey(ks.name), appendKeyspaceRecord(nil, uint32(i+1), ks.options), 0); err != nil {
			return cannotWriteBackup(err)
		}
	}
	if len(keyspaces) == 0 {
		return nil
	}
	if err := out.Add(systemKey(nextIDTag, nil), appendNextIDRecord(nil, uint32(len(keyspaces)+1)), 0); err != nil {
		return cannotWriteBackup(err)
	}
	return nil
}

// backUpRegion adds the entries of a region with another prefix; one without keeps its keys
// as they are stored.
func backUpRegion(ctx context.Context, snap storage.Snapshot, out *backup.Writer, from region, prefix []byte) (entries uint64, err error) {
	cursor, err := snap.Scan(from.bounds(Range{}))
	if err != nil {
		return 0, err
	}
	defer cursor.Close()
	var key []byte
	for ; cursor.Next(); entries++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		key = append(append(key[:0], prefix...), cursor.Key()[len(prefix):]...)
		if err := out.Add(key, cursor.Value(), cursor.Meta().ExpiresAt); err != nil {
			return 0, cannotWriteBackup(err)
		}
	}
	return entries, cursor.Err()
}
