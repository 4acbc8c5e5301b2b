package mantisdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/mantisdb/mantisdb/internal/backup"
	"github.com/mantisdb/mantisdb/storage"
)

// BackupStats say what a backup has, or what was restored from it.
type BackupStats struct {
	// Entries is the number of entries of all keyspaces.
	Entries uint64
	// Bytes is the length of the stream.
	Bytes uint64
	// Version is the newest version that the backup sees.
	Version uint64
}

// Backup writes every entry of every keyspace, the keyspaces themselves and the applied
// index as of one moment to w, as one stream that Restore reads, with any engine. Those of
// keyspaces of memory only are in it too, but Open empties those. Writes go on meanwhile.
// The stream has checksums, and an end by which a stream that was cut off is told from a
// whole one: after an error, what was written is no backup.
func (db *DB) Backup(ctx context.Context, w io.Writer) (BackupStats, error) {
	if err := ctx.Err(); err != nil {
		return BackupStats{}, err
	}
	snap, err := db.engine.Snapshot()
	if err != nil {
		return BackupStats{}, err
	}
	defer snap.Close()
	return BackupSnapshot(ctx, snap, w)
}

// BackupSnapshot is DB.Backup of what a snapshot of a database's engine has, which stays
// open.
func BackupSnapshot(ctx context.Context, snap storage.Snapshot, w io.Writer) (BackupStats, error) {
	return writeBackup(w, snap.Version(), func(out *backup.Writer) (entries uint64, err error) {
		return backUp(ctx, snap, out)
	})
}

// writeBackup writes a backup whose entries are what add adds, and how many of them users
// have written what it returns.
func writeBackup(w io.Writer, version uint64, add func(*backup.Writer) (entries uint64, err error)) (BackupStats, error) {
	out, err := backup.NewWriter(w, backup.Header{Created: storage.Now(), LastVersion: version})
	if err != nil {
		return BackupStats{}, cannotWriteBackup(err)
	}
	entries, err := add(out)
	if err != nil {
		return BackupStats{}, err
	}
	if _, err := out.Close(); err != nil {
		return BackupStats{}, cannotWriteBackup(err)
	}
	return BackupStats{Entries: entries, Bytes: out.Written(), Version: version}, nil
}

func cannotWriteBackup(err error) error {
	return fmt.Errorf("mantisdb: cannot write the backup: %w", err)
}

// Restore makes dir, which must not exist or be empty, a data directory with all that a
// backup has. opts say with which engine, as for Open; the database is
// not left open. Values expire when they would have; versions are given anew. The
// directory appears when it is whole and on disk; after an error there is
// nothing. A stream that is damaged or cut off is ErrCorrupt.
func Restore(ctx context.Context, dir string, opts *Options, r io.Reader) (BackupStats, error) {
	if dir == "" {
		return BackupStats{}, fmt.Errorf("%w: a restore needs the name of a directory", ErrInvalidOptions)
	}
	if opts == nil {
		opts = &Options{}
	}
	logger := opts.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	in, err := backup.NewReader(r)
	if err != nil {
		return BackupStats{}, err
	}
	var entries uint64
	err = storage.NewDirectory(opts.config(dir, logger), func(engine storage.Engine) error {
		entries, err = readBackup(ctx, in, func(batch *storage.Batch) error {
			// Nothing has to be durable before the end.
			_, err := engine.Write(batch, storage.WriteOptions{Durability: storage.DurabilityMemory})
			return err
		})
		return err
	})
	if err != nil {
		return BackupStats{}, err
	}
	return BackupStats{Entries: entries, Bytes: in.Offset(), Version: in.Header.LastVersion}, nil
}

// VerifyBackup reads a backup to its end and tells what it has. A stream that is damaged
// or cut off is ErrCorrupt.
func VerifyBackup(ctx context.Context, r io.Reader) (BackupStats, error) {
	in, err := backup.NewReader(r)
	if err != nil {
		return BackupStats{}, err
	}
	entries, err := readBackup(ctx, in, func(*storage.Batch) error { return nil })
	if err != nil {
		return BackupStats{}, err
	}
	return BackupStats{Entries: entries, Bytes: in.Offset(), Version: in.Header.LastVersion}, nil
}

// readBackup gives all that a backup has to apply, and returns how much of it users have
// written.
func readBackup(ctx context.Context, in *backup.Reader, apply func(*storage.Batch) error) (entries uint64, err error) {
	var batch storage.Batch
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		batch.Reset()
		err := in.Next(&batch)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return 0, err
		}
		for op := range batch.All() {
			if !isSystemKey(op.Key) {
				entries++
			}
		}
		if err := apply(&batch); err != nil {
			return 0, err
		}
	}
}
