package httpapi

import "net/http"

// stats answers with the database's figures of the moment.
func (h *Handler) stats(w http.ResponseWriter, r *http.Request) error {
	stats, err := h.store.Stats(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, stats)
}
