package httpapi

import "net/http"

// identity is who sends a request, and what they may do here.
type identity struct {
	User string `json:"user"`
	// AuthenticationNeeded says that nobody gets in without a password.
	AuthenticationNeeded bool            `json:"authentication_needed"`
	Rights               map[string]bool `json:"rights"`
}

// toldRights are the rights that whoami tells, by their names there. Whether the keys of a
// request are the user's is another matter, which only the request can tell.
var toldRights = map[string]right{
	"console":       somebody,
	"read":          readKeys,
	"write":         {commandSet, noKeys},
	"figures":       readFigures,
	"clients":       listClients,
	"kill_clients":  killClients,
	"slowlog":       readSlowLog,
	"reset_slowlog": resetSlowLog,
	"config":        readConfig,
	"configure":     changeConfig,
	"benchmark":     administrate,
	"admin":         administrate,
}

// whoami answers with who sends the request.
func (h *Handler) whoami(w http.ResponseWriter, r *http.Request) error {
	user, err := h.requester(r)
	if err != nil {
		return err
	}
	who := identity{
		User:                 user.Name,
		AuthenticationNeeded: h.users != nil && h.users.Anonymous() == nil,
		Rights:               make(map[string]bool, len(toldRights)),
	}
	for name, right := range toldRights {
		who.Rights[name] = right.allows(user)
	}
	return writeJSON(w, who)
}
