package sharded

import (
	"context"
	"fmt"
	"io"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// cutAttempts is how often cuts of one moment are tried to be made: leaders may change meanwhile.
const cutAttempts = 3

// Backup implements server.Store: one backup of all shards, as of one moment, for which writes to
// all of them wait. It is cluster.ErrNotNow if there was no such moment; nothing was written to w
// then.
func (s *Store) Backup(ctx context.Context, w io.Writer) (mantisdb.BackupStats, error) {
	m, err := s.moment(ctx)
	if err != nil {
		return mantisdb.BackupStats{}, err
	}
	defer m.close()
	return mantisdb.MergeBackups(ctx, w, m.backups...)
}

// moment is cutAll, several times if need be.
func (s *Store) moment(ctx context.Context) (*moment, error) {
	if _, ok := s.member.(Cutter); !ok {
		return nil, unsupported("to make a backup of all shards")
	}
	var failed error
	for range cutAttempts {
		m, err := s.cutAll(ctx)
		if err == nil {
			return m, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failed = err
	}
	return nil, fmt.Errorf("%w: the writes of all shards could not be held at one moment; try again: %v", cluster.ErrNotNow, failed)
}
