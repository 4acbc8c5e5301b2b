package httpapi

import (
	"errors"
	"mime"
	"net/http"
	"os"

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
	query := parseParams(r.URL.RawQuery, "durability")
	o := writeOptions(&query)
	if err := query.err(); err != nil {
		return err
	}
	if err := refuseAllConditions(r.Header); err != nil {
		return err
	}
	if err := requireJSON(r); err != nil {
		return err
	}
	body, err := bodyReader(w, r, maxBatchBody)
	if err != nil {
		return err
	}
	var b mantisdb.Batch
	if err := wire.ReadBatch(body, &b); err != nil {
		return batchError(err)
	}
	if err := h.store.Write(r.Context(), &b, o); err != nil {
		return err
	}
	return writeJSON(w, batchResult{Operations: b.Len()})
}

// batchError is what the client is told of an error in reading a batch. What is
// neither the connection's error nor a refusal of the database is the text's.
func batchError(err error) error {
	var tooMany *http.MaxBytesError
	if errors.As(err, &tooMany) || errors.Is(err, os.ErrDeadlineExceeded) {
		return bodyError(err)
	}
	if p, internal := problemOf(err); !internal {
		return p
	}
	return newProblem(malformedRequest, "%v", err)
}

// requireJSON lets through a body that is JSON, or says nothing of what it is.
func requireJSON(r *http.Request) error {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return newProblem(unsupportedMedia, "a batch is application/json, not %q", contentType)
	}
	return nil
}
