package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// stats answers with the figures of the moment; if they are asked for, with how many keys
// each keyspace has.
func (h *Handler) stats(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery, "keyspaces")
	count := query.flag("keyspaces")
	if err := query.err(); err != nil {
		return err
	}
	snapshot, err := h.figures.Snapshot(r.Context())
	if err == nil && count {
		snapshot.Keyspaces, err = h.countKeyspaces(r.Context())
	}
	if err != nil {
		return err
	}
	return writeJSON(w, snapshot)
}

// countKeyspaces counts the keys of the default keyspace, and then of the others by name.
func (h *Handler) countKeyspaces(ctx context.Context) ([]figures.Keyspace, error) {
	if h.database == nil {
		return nil, fmt.Errorf("%w: the keys of a cluster's keyspaces are not counted", mantisdb.ErrUnsupported)
	}
	handle, err := handleOf(h.database)
	if err != nil {
		return nil, err
	}
	main, err := h.figures.CountKeys(ctx, handle)
	if err != nil {
		return nil, err
	}
	infos, err := h.store.Keyspaces(ctx)
	if err != nil {
		return nil, err
	}
	counts := []figures.Keyspace{main}
	for _, info := range infos {
		found, err := h.countKeyspace(ctx, info.Name)
		switch {
		case errors.Is(err, mantisdb.ErrKeyspaceNotFound), errors.Is(err, mantisdb.ErrKeyspaceDropped):
			continue // it was dropped meanwhile
		case err != nil:
			return nil, err
		}
		counts = append(counts, found)
	}
	return counts, nil
}

func (h *Handler) countKeyspace(ctx context.Context, name string) (figures.Keyspace, error) {
	ks, err := h.database.Table(ctx, name)
	if err != nil {
		return figures.Keyspace{}, err
	}
	return h.figures.CountKeys(ctx, ks.Handle())
}
