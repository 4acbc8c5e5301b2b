package redis

import "github.com/mantisdb/mantisdb/internal/loglimit"

// The log has one line for each problem with a connection: who, as "client" and "user", and
// why. What clients can cause at will goes through s.limited, so that they cannot fill it.
// Keys, values and passwords are never logged.

// address is where the client comes from.
func (c *Client) address() string { return loglimit.Client(c.conn.RemoteAddr()) }

// userName is the user that the client is, empty if it is none.
func (c *Client) userName() string {
	if c.user == nil {
		return ""
	}
	return c.user.Name
}

// logFailedLogin tells of a wrong password. A name that is no user's may be a password in
// the wrong place.
func (c *Client) logFailedLogin(name string) {
	if !c.server.hasUser(name) {
		name = ""
	}
	c.server.limited.Warn("a client could not authenticate", "client", c.address(), "user", name)
}

// logAdmin tells of something that a client has changed in the server.
func (r *Request) logAdmin(message string, args ...any) {
	r.server.logger.Info(message, append([]any{"client", r.client.address(), "user", r.client.userName()}, args...)...)
}
