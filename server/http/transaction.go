package httpapi

import (
	"net/http"

	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// transactionResult is the answer to a transaction that was committed.
type transactionResult struct {
	Committed  bool `json:"committed"` // always true: anything else is a problem
	Operations int  `json:"operations"`
}

// transaction applies operations atomically if all conditions hold, in ks where they
// name no keyspace. All of the body is read and checked before any of it is done.
func (h *Handler) transaction(w http.ResponseWriter, r *http.Request, db server.Database, ks server.Table) error {
	body, o, err := jsonWrite(w, r, "a transaction")
	if err != nil {
		return err
	}
	var t wire.Transaction
	if err := wire.ReadTransaction(body, &t, resolver(r, db, ks)); err != nil {
		return jsonError(err)
	}
	if err := db.Transact(r.Context(), t.Conditions, &t.Batch, o); err != nil {
		return err
	}
	return writeJSON(w, transactionResult{Committed: true, Operations: t.Batch.Len()})
}
