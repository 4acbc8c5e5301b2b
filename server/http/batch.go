package httpapi

import (
	"fmt"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// batchResult is the answer to a batch that was applied.
type batchResult struct {
	Operations int `json:"operations"`
}

// batch applies operations atomically, in ks unless they name a keyspace. All of the body
// is read and checked before any of it is done.
func (h *Handler) batch(w http.ResponseWriter, r *http.Request, db server.Database, ks server.Table) error {
	body, o, err := jsonWrite(w, r, "a batch")
	if err != nil {
		return err
	}
	var b mantisdb.Batch
	if err := wire.ReadBatch(body, &b, resolver(r, db, ks)); err != nil {
		return jsonError(err)
	}
	if err := db.Write(r.Context(), &b, o); err != nil {
		return err
	}
	return writeJSON(w, batchResult{Operations: b.Len()})
}

// resolver finds the keyspaces that a request names, of which ks is the one that is
// meant where none is.
func resolver(r *http.Request, db server.Database, ks server.Table) wire.Resolver {
	return func(name string) (*mantisdb.Keyspace, error) {
		if name == "" {
			return handleOf(ks)
		}
		named, err := db.Table(r.Context(), name)
		if err != nil {
			return nil, err
		}
		return handleOf(named)
	}
}

// handleOf is a keyspace as batches name it.
func handleOf(ks server.Table) (*mantisdb.Keyspace, error) {
	handle := ks.Handle()
	if handle == nil {
		return nil, fmt.Errorf("%w: several keys are not written or counted in one step", mantisdb.ErrUnsupported)
	}
	return handle, nil
}
