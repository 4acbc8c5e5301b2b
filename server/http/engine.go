package httpapi

import "net/http"

// mostSegments is how many segments an answer lists at most.
const mostSegments = 4096

// engine answers with what the engine is made of.
func (h *Handler) engine(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery, "segments")
	segments := query.positive("segments")
	if err := query.err(); err != nil {
		return err
	}
	if segments > mostSegments {
		return newProblem(malformedRequest, "query parameter \"segments\": %d are asked for, and the most is %d", segments, mostSegments)
	}
	if segments == 0 {
		segments = mostSegments
	}
	structure, err := h.store.Structure(r.Context(), int(segments))
	if err != nil {
		return err
	}
	return writeJSON(w, structure)
}
