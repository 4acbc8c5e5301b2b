package httpapi

import (
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

// mostSegments is how many segments an answer lists at most.
const mostSegments = 4096

// engine answers with what the engine is made of. Keys in it are for those alone who may
// read all keys: the right to figures does not give away whose keys there are.
func (h *Handler) engine(w http.ResponseWriter, r *http.Request, store server.Store) error {
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
	structure, err := store.Structure(r.Context(), int(segments))
	if err != nil {
		return err
	}
	user, err := h.requester(r)
	if err != nil {
		return err
	}
	if !mayUseKeys(user, readAllKeys, r) {
		leaveOutKeys(structure.Levels)
	}
	return writeJSON(w, structure)
}

// leaveOutKeys empties the keys of the levels' segments.
func leaveOutKeys(levels []mantisdb.Level) {
	for _, level := range levels {
		for i := range level.Segments {
			level.Segments[i].Smallest, level.Segments[i].Largest = []byte{}, []byte{}
		}
	}
}
