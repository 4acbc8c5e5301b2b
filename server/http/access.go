package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/mantisdb/mantisdb/server/acl"
)

// right is what a request needs of its user: that a command of Redis which does the like
// may be run, and keys. Without a command it is for everybody, with anyCommand for every
// user.
type right struct {
	command acl.Command
	keys    keysNeeded
}

// anyCommand stands for whichever commands the user may run.
const anyCommand = "*"

// keysNeeded are the keys that a request may concern.
type keysNeeded int

const (
	noKeys       keysNeeded = iota // none
	readPrefix                     // those of the prefix that the query has, to be read
	writePrefix                    // the same, to be written
	readAllKeys                    // any
	writeAllKeys                   // any; a body may name them
)

// The rights of the resources. That of an entry is in entryRight.
var (
	nothing        = right{}
	readFigures    = right{acl.Command{Name: "info", Categories: []string{"slow", "dangerous"}}, noKeys}
	readKeys       = right{acl.Command{Name: "scan", Categories: []string{"keyspace", "read", "slow"}}, readPrefix}
	readEverything = right{acl.Command{Name: "sync", Categories: []string{"admin", "slow", "dangerous"}}, readAllKeys}
	writeKeys      = right{acl.Command{Name: "exec", Categories: []string{"write", "keyspace", "transaction", "slow"}}, writeAllKeys}
	writeRange     = right{acl.Command{Name: "flushdb", Categories: []string{"keyspace", "write", "slow", "dangerous"}}, writePrefix}
	somebody       = right{acl.Command{Name: anyCommand}, noKeys}
	listClients    = right{acl.Command{Name: "client|list", Categories: adminOfConnections}, noKeys}
	killClients    = right{acl.Command{Name: "client|kill", Categories: adminOfConnections}, noKeys}
	readSlowLog    = right{acl.Command{Name: "slowlog|get", Categories: adminOfServer}, noKeys}
	resetSlowLog   = right{acl.Command{Name: "slowlog|reset", Categories: adminOfServer}, noKeys}
	readConfig     = right{acl.Command{Name: "config|get", Categories: adminOfServer}, noKeys}
	changeConfig   = right{acl.Command{Name: "config|set", Categories: adminOfServer}, noKeys}
	administrate   = right{acl.Command{Name: "save", Categories: []string{"admin", "slow", "dangerous"}}, noKeys}
	dropKeyspaces  = right{acl.Command{Name: "flushall", Categories: []string{"keyspace", "write", "slow", "dangerous"}}, writeAllKeys}
)

// Categories of commands that concern the server, and of those among them about connections.
var (
	adminOfServer      = []string{"admin", "slow", "dangerous"}
	adminOfConnections = []string{"admin", "slow", "dangerous", "connection"}
)

// allows tells whether a user may run the command.
func (n right) allows(user *acl.User) bool {
	return n.command.Name == anyCommand || user.MayRun(n.command)
}

// Commands that do what a method does to an entry.
var (
	commandGet    = acl.Command{Name: "get", Categories: []string{"read", "string", "fast"}}
	commandSet    = acl.Command{Name: "set", Categories: []string{"write", "string", "slow"}}
	commandDelete = acl.Command{Name: "del", Categories: []string{"keyspace", "write", "slow"}}
)

// WithUsers has the handler ask who sends a request, and hold each user to their rights.
// It is to be called before the first request.
func (h *Handler) WithUsers(users *acl.List) *Handler {
	h.users = users
	return h
}

// user is who sends a request: by Basic, by a Bearer token that is NAME:PASSWORD or the
// password of the user "default", or without either the user "default" if that needs none.
func (h *Handler) user(r *http.Request) (*acl.User, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		if user := h.users.Anonymous(); user != nil {
			if isRebound(r) {
				return nil, newProblem(crossOrigin, "without a password, the server is asked on its own machine by an address or as localhost, not as %q: any page could have that name", r.Host)
			}
			return user, nil
		}
		return nil, newProblem(unauthorized, "this server asks for a user and a password: send Authorization: Basic, or Bearer with NAME:PASSWORD")
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		token, isBearer := cutScheme(header, "Bearer")
		if !isBearer {
			return nil, newProblem(unauthorized, "Authorization is neither Basic nor Bearer")
		}
		if name, password, ok = strings.Cut(token, ":"); !ok {
			name, password = acl.DefaultName, token
		}
	}
	if user := h.users.Authenticate(name, password); user != nil {
		return user, nil
	}
	if h.users.Find(name) == nil {
		name = "" // which may be a password in the wrong place
	}
	h.limited.Warn("a client could not authenticate", "client", clientOf(r), "user", name)
	return nil, newProblem(unauthorized, "there is no such user, it is disabled, or the password is another one")
}

// userName is the name of who sends a request, empty if nobody is asked for one.
func (h *Handler) userName(r *http.Request) string {
	if h.users == nil {
		return ""
	}
	user, err := h.user(r)
	if err != nil {
		return ""
	}
	return user.Name
}

// cutScheme is what follows the name of a scheme, in letters of any case.
func cutScheme(header, scheme string) (rest string, ok bool) {
	name, rest, ok := strings.Cut(header, " ")
	return strings.TrimSpace(rest), ok && strings.EqualFold(name, scheme)
}

// admit returns nil if the request's user has a right.
func (h *Handler) admit(r *http.Request, needed right) error {
	if h.users == nil || needed.command.Name == "" {
		return nil
	}
	user, err := h.user(r)
	if err != nil {
		return err
	}
	if !needed.allows(user) {
		return newProblem(forbidden, "the user %q may not do this: it takes the right to run %q", user.Name, needed.command.Name)
	}
	if !mayUseKeys(user, needed.keys, r) {
		return newProblem(forbidden, "the user %q may not use all keys that this may concern", user.Name)
	}
	return nil
}

// whileEntitled ends a request, by the problem that it would have now, as soon as its user
// has lost a right. It does so until the returned function was called.
func (h *Handler) whileEntitled(ctx context.Context, r *http.Request, needed right, end context.CancelCauseFunc) (stop func()) {
	if h.users == nil || isOfPeer(r) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			changed := h.users.Changed()
			if err := h.admit(r, needed); err != nil {
				end(err)
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// mayUseKeys tells whether a user may use the keys that a request needs.
func mayUseKeys(user *acl.User, needed keysNeeded, r *http.Request) bool {
	switch needed {
	case readPrefix:
		return user.MayReadPrefix(r.URL.Query().Get("prefix"))
	case writePrefix:
		return user.MayWritePrefix(r.URL.Query().Get("prefix"))
	case readAllKeys:
		return user.MayReadPrefix("")
	case writeAllKeys:
		return user.MayWritePrefix("")
	}
	return true
}

// admitEntry returns nil if the request's user may do what it asks for to an entry.
func (h *Handler) admitEntry(r *http.Request, key []byte) error {
	if h.users == nil {
		return nil
	}
	user, err := h.user(r)
	if err != nil || user.Unrestricted() {
		return err
	}
	command, mayUse := entryRight(r.Method, user)
	if !user.MayRun(command) {
		return newProblem(forbidden, "the user %q may not do this: it takes the right to run %q", user.Name, command.Name)
	}
	if !mayUse(string(key)) {
		return newProblem(forbidden, "the user %q may not use this key so", user.Name)
	}
	return nil
}

// entryRight is what a method needs on an entry. POST changes a value, and tells of the
// one before, but only some of its operations do: it needs both rights.
func entryRight(method string, user *acl.User) (command acl.Command, mayUse func(key string) bool) {
	switch method {
	case http.MethodGet, http.MethodHead:
		return commandGet, user.MayRead
	case http.MethodDelete:
		return commandDelete, user.MayWrite
	case http.MethodPost:
		return commandSet, func(key string) bool { return user.MayRead(key) && user.MayWrite(key) }
	}
	return commandSet, user.MayWrite
}
