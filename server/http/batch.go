package httpapi

import (
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// batchResult is the answer to a batch that was applied.
type batchResult struct {
	Operations int `json:"operations"`
}

// batch applies operations atomically. All of the body is read and checked
// before any of it is done.
func (h *Handler) batch(w http.ResponseWriter, r *http.Request) error {
	body, o, err := jsonWrite(w, r, "a batch")
	if err != nil {
		return err
	}
	var b mantisdb.Batch
	if err := wire.ReadBatch(body, &b); err != nil {
		return jsonError(err)
	}
	if err := h.store.Write(r.Context(), &b, o); err != nil {
		return err
	}
	return writeJSON(w, batchResult{Operations: b.Len()})
}
