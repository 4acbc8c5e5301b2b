package httpapi

import (
	"net/http"
	"net/url"

	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// listKeyspaces answers with all keyspaces, by name.
func (h *Handler) listKeyspaces(w http.ResponseWriter, r *http.Request, store server.Store) error {
	infos, err := store.Keyspaces(r.Context())
	if err != nil {
		return err
	}
	list := wire.KeyspaceList{Keyspaces: make([]wire.Keyspace, len(infos))}
	for i, info := range infos {
		list.Keyspaces[i] = wire.KeyspaceOf(info.Name, info.Options)
	}
	return writeJSON(w, list)
}

// createKeyspace makes the keyspace that the body tells: 201.
func (h *Handler) createKeyspace(w http.ResponseWriter, r *http.Request, store server.Store) error {
	query := parseParams(r.URL.RawQuery)
	if err := query.err(); err != nil {
		return err
	}
	body, err := jsonBody(w, r, "a keyspace")
	if err != nil {
		return err
	}
	name, o, err := wire.ReadKeyspace(body)
	if err != nil {
		return jsonError(err)
	}
	if err := store.CreateKeyspace(r.Context(), name, o); err != nil {
		return err
	}
	h.logAdmin(r, "a keyspace was created", "keyspace", name)
	w.Header().Set("Location", keyspacesPath+"/"+url.PathEscape(name))
	w.WriteHeader(http.StatusCreated)
	return nil
}

// getKeyspace answers with the keyspace's name and options.
func (h *Handler) getKeyspace(w http.ResponseWriter, r *http.Request, store server.Store) error {
	ks, err := store.Named(r.Context(), r.PathValue(keyspaceWildcard))
	if err != nil {
		return err
	}
	info := ks.Info()
	return writeJSON(w, wire.KeyspaceOf(info.Name, info.Options))
}

// dropKeyspace removes the keyspace and all that it holds: 204.
func (h *Handler) dropKeyspace(w http.ResponseWriter, r *http.Request, store server.Store) error {
	query := parseParams(r.URL.RawQuery)
	if err := query.err(); err != nil {
		return err
	}
	name := r.PathValue(keyspaceWildcard)
	if err := store.DropKeyspace(r.Context(), name); err != nil {
		return err
	}
	h.logAdmin(r, "a keyspace was dropped", "keyspace", name)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// appliedIndexResult is the applied index, in base64.
type appliedIndexResult struct {
	AppliedIndex []byte `json:"applied_index"` // null: there is none
}

// appliedIndex answers with the applied index.
func (h *Handler) appliedIndex(w http.ResponseWriter, r *http.Request, store server.Store) error {
	index, err := store.AppliedIndex(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, appliedIndexResult{index})
}
