package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/control"
)

// maxControlBody bounds a body that asks for something of the server itself.
const maxControlBody = 1 << 20

// WithControl has the handler ask another protocol for its clients, its commands and its
// configuration. settings are what else is configured. It is to be called before the first
// request.
func (h *Handler) WithControl(from control.Server, settings []control.Parameter) *Handler {
	h.control, h.settings = from, settings
	h.routeAll()
	return h
}

// controlRoutes are the resources of WithControl.
func (h *Handler) controlRoutes() []route {
	return []route{
		{http.MethodPost, "/api/v1/console", somebody, h.console},
		{http.MethodGet, "/api/v1/commands", somebody, h.commands},
		{http.MethodGet, "/api/v1/clients", listClients, h.clients},
		{http.MethodDelete, "/api/v1/clients/{id}", killClients, h.killClient},
		{http.MethodGet, "/api/v1/slowlog", readSlowLog, h.slowLog},
		{http.MethodDelete, "/api/v1/slowlog", resetSlowLog, h.resetSlowLog},
		{http.MethodGet, "/api/v1/config", readConfig, h.config},
		{http.MethodPatch, "/api/v1/config", changeConfig, h.configure},
	}
}

// visitor is who sends a request, as another protocol knows them.
func (h *Handler) visitor(r *http.Request) (control.Visitor, error) {
	user, err := h.requester(r)
	if err != nil {
		return control.Visitor{}, err
	}
	by := control.Visitor{User: user}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil { // not of a Unix socket
		by.Remote = net.TCPAddrFromAddrPort(from)
	}
	by.Local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return by, nil
}

// requester is the user of a request; who may do everything if nobody is asked for one.
func (h *Handler) requester(r *http.Request) (*acl.User, error) {
	if h.users == nil {
		return acl.Everybody(), nil
	}
	return h.user(r)
}

// readJSON reads a body that is one JSON value into v; what names it in a refusal.
func readJSON(w http.ResponseWriter, r *http.Request, what string, v any) error {
	if err := requireJSON(r, what); err != nil {
		return err
	}
	body, err := bodyReader(w, r, maxControlBody)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return newProblem(malformedRequest, "there is no body, and %s is a JSON object", what)
		}
		return jsonError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return newProblem(malformedRequest, "something follows behind the JSON object")
	}
	return nil
}

// consoleRequest is a command to run.
type consoleRequest struct {
	Command  string `json:"command"`
	Database int    `json:"database"`
	Protocol int    `json:"protocol"`
}

// consoleResult is what it replied.
type consoleResult struct {
	Reply    control.Reply `json:"reply"`
	Took     int64         `json:"took_nanos"`
	Database int           `json:"database"`
}

// console runs a command of Redis as the request's user.
func (h *Handler) console(w http.ResponseWriter, r *http.Request) error {
	asked := consoleRequest{Protocol: 3}
	if err := readJSON(w, r, "a command", &asked); err != nil {
		return err
	}
	by, err := h.visitor(r)
	if err != nil {
		return err
	}
	got, err := h.control.Run(r.Context(), by, control.Line{Text: asked.Command, Database: asked.Database, Protocol: asked.Protocol})
	if err != nil {
		return err
	}
	return writeJSON(w, consoleResult{got.Reply, int64(got.Took), got.Database})
}

// commands answers with the commands that the user may run.
func (h *Handler) commands(w http.ResponseWriter, r *http.Request) error {
	user, err := h.requester(r)
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"commands": h.control.Commands(user)})
}

// clients answers with the connections of the other protocol.
func (h *Handler) clients(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, map[string]any{"clients": h.control.Clients()})
}

// killClient ends a connection: 204.
func (h *Handler) killClient(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return newProblem(malformedRequest, "the number of a client is a positive integer, not %q", r.PathValue("id"))
	}
	by, err := h.visitor(r)
	if err != nil {
		return err
	}
	if !h.control.Kill(by, id) {
		return newProblem(clientNotFound, "there is no client %d: it may have gone", id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// slowLogDefault is how many slow commands are told without a limit.
const slowLogDefault = 128

// slowLog answers with the slow commands that came last.
func (h *Handler) slowLog(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery, "limit")
	limit := query.positive("limit")
	if err := query.err(); err != nil {
		return err
	}
	if limit == 0 {
		limit = slowLogDefault
	}
	return writeJSON(w, map[string]any{"entries": h.control.SlowLog(int(limit))})
}

// resetSlowLog forgets them: 204.
func (h *Handler) resetSlowLog(w http.ResponseWriter, r *http.Request) error {
	by, err := h.visitor(r)
	if err != nil {
		return err
	}
	h.control.ResetSlowLog(by)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// config answers with what is configured.
func (h *Handler) config(w http.ResponseWriter, r *http.Request) error {
	by, err := h.visitor(r)
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"parameters": append(h.control.Parameters(by), h.settings...)})
}

// configure changes parameters, all or none: 204.
func (h *Handler) configure(w http.ResponseWriter, r *http.Request) error {
	var values map[string]string
	if err := readJSON(w, r, "a change of parameters", &values); err != nil {
		return err
	}
	if len(values) == 0 {
		return newProblem(malformedRequest, "no parameter is named")
	}
	by, err := h.visitor(r)
	if err != nil {
		return err
	}
	if err := h.control.Configure(by, values); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
