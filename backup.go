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
	// Entries is the number of entries.
	Entries uint64
	// Bytes is the length of the stream.
	Bytes uint64
	// Version is the newest version that the backup sees.
	Version uint64
}

// Backup writes every entry as of one moment to w, as one stream that Restore
// reads, with any engine. Writes go on meanwhile. The stream has checksums, and
// an end by which a stream that was cut off is told from a whole one: after an
// error, what was written is no backup.
func (db *DB) Backup(ctx context.Context, w io.Writer) (BackupStats, error) {
	if err := ctx.Err(); err != nil {
		return BackupStats{}, err
	}
	snap, err := db.engine.Snapshot()
	if err != nil {
		return BackupStats{}, err
	}
	defer snap.Close()
	out, err := backup.NewWriter(w, backup.Header{Created: storage.Now(), LastVersion: snap.Version()})
	if err != nil {
		return BackupStats{}, fmt.Errorf("mantisdb: cannot write the backup: %w", err)
	}
	if err := backUp(ctx, snap, out); err != nil {
		return BackupStats{}, err
	}
	totals, err := out.Close()
	if err != nil {
		return BackupStats{}, fmt.Errorf("mantisdb: cannot write the backup: %w", err)
	}
	return BackupStats{Entries: totals.Entries, Bytes: out.Written(), Version: snap.Version()}, nil
}

// backUp adds all entries of a snapshot.
func backUp(ctx context.Context, snap storage.Snapshot, out *backup.Writer) error {
	cursor, err := snap.Scan(storage.Range{})
	if err != nil {
		return err
	}
	defer cursor.Close()
	for cursor.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := out.Add(cursor.Key(), cursor.Value(), cursor.Meta().ExpiresAt); err != nil {
			return fmt.Errorf("mantisdb: cannot write the backup: %w", err)
		}
	}
	return cursor.Err()
}

// Restore makes dir, which must not exist or be empty, a data directory with the
// entries of a backup. opts say with which engine, as for Open; the database is
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
	err = storage.NewDirectory(opts.config(dir, logger), func(engine storage.Engine) error {
		return restore(ctx, engine, in)
	})
	if err != nil {
		return BackupStats{}, err
	}
	return BackupStats{Entries: in.Totals().Entries, Bytes: in.Offset(), Version: in.Header.LastVersion}, nil
}

// restore writes all entries. Nothing has to be durable before the end.
func restore(ctx context.Context, engine storage.Engine, in *backup.Reader) error {
	var batch storage.Batch
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch.Reset()
		err := in.Next(&batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := engine.Write(&batch, storage.WriteOptions{Durability: storage.DurabilityMemory}); err != nil {
			return err
		}
	}
}
