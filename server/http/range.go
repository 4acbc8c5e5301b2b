package httpapi

import (
	"errors"
	"net/http"

	"github.com/mantisdb/mantisdb/server"
)

// deleteRange removes the keys that the bounds of the query select: 204, however many
// there were.
func (h *Handler) deleteRange(w http.ResponseWriter, r *http.Request, ks server.Keyspace) error {
	query := parseParams(r.URL.RawQuery, "prefix", "start", "end", "all", "durability")
	refuseEmptyBounds(&query)
	bounds := boundsOf(&query)
	bounds.All = query.flag("all")
	o := writeOptions(&query)
	if err := query.err(); err != nil {
		return err
	}
	if err := bounds.CheckDeletion(); err != nil {
		return newProblem(malformedRequest, "%v", err)
	}
	if err := refuseAllConditions(r.Header); err != nil {
		return err
	}
	if err := ks.DeleteRange(r.Context(), bounds.Range(), o); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// refuseEmptyBounds fails for a bound that is given and empty, which to a scan is none: who
// meant a key there would have more deleted than that.
func refuseEmptyBounds(query *params) {
	for _, name := range []string{"prefix", "start", "end"} {
		if value, given := query.lookup(name); given && value == "" {
			query.fail(name, errors.New("it is empty: leave it out"))
		}
	}
}
