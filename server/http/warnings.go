package httpapi

import (
	"net/http"

	"github.com/mantisdb/mantisdb/server/figures"
)

// warningsAnswer is what needs somebody's attention.
type warningsAnswer struct {
	Warnings []figures.Warning `json:"warnings"`
}

// warnings answers with the warnings of now.
func (h *Handler) warnings(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery)
	if err := query.err(); err != nil {
		return err
	}
	now, _ := h.history.Warnings()
	return writeJSON(w, warningsAnswer{now})
}
