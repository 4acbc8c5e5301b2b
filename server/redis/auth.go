package redis

import "github.com/mantisdb/mantisdb/server/acl"

const errWrongPassword Error = "WRONGPASS invalid username-password pair or user is disabled."

// setPassword is what clients that connect from now on are asked for; empty is nothing.
// Those that are connected go on as they are. It may be called from any goroutine.
func (s *Server) setPassword(text string) { s.users.SetPassword(text) }

// passwordText is the password, empty if there is none.
func (s *Server) passwordText() string { return s.users.Password() }

// needsPassword tells whether the client must say one first. One that was asked for it is
// let in if it is asked for no more.
func (c *Client) needsPassword() bool {
	if c.user == nil {
		c.letInAnonymous()
	}
	return c.user == nil
}

// login lets the client in as a user whose password it knows.
func (c *Client) login(name, password []byte) error {
	since := c.server.users.Changes()
	user := c.server.users.Authenticate(string(name), string(password))
	if user == nil {
		c.logFailedLogin(string(name))
		return errWrongPassword
	}
	c.letIn(user, since)
	return nil
}

// identity is who a client is.
type identity struct {
	user         *acl.User // nil: the client has not authenticated
	userSince    uint64    // what the list's Changes were when user was found
	unrestricted bool      // the user may do everything
}

// letInAnonymous has the client be whom the list lets in without a password.
func (c *Client) letInAnonymous() {
	since := c.server.users.Changes()
	c.letIn(c.server.users.Anonymous(), since)
}

// letIn has the client be a user; nil is nobody. since is what the list's Changes were
// before the user was found: one that changes meanwhile is found anew.
func (c *Client) letIn(user *acl.User, since uint64) {
	c.become(identity{user, since, user != nil && user.Unrestricted()})
}

// become has the client be somebody.
func (c *Client) become(who identity) {
	c.identity = who
	c.limitParser()
}

// renewUser looks whether the client's user has changed. Whoever is none any more has to
// authenticate again.
func (c *Client) renewUser() {
	since := c.server.users.Changes()
	if c.user == nil || since == c.userSince || c.isPeer {
		return
	}
	user := c.server.users.Find(c.user.Name)
	if user != nil && !user.Enabled {
		user = nil
	}
	c.letIn(user, since)
}

// limitParser holds what the client sends to what is due to it.
func (c *Client) limitParser() {
	c.limits = c.server.limits()
	c.in.SetLimits(c.limits.parser(c.user != nil))
}

// hasUser tells whether there is a user of a name.
func (s *Server) hasUser(name string) bool { return s.users.Find(name) != nil }

// auth is AUTH [username] password.
func auth(r *Request) error {
	user, given := []byte(acl.DefaultName), r.args[1]
	switch {
	case len(r.args) > 3:
		return errSyntax
	case len(r.args) == 3:
		user, given = r.args[1], r.args[2]
	case r.server.users.Anonymous() != nil:
		return Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	}
	if err := r.client.login(user, given); err != nil {
		return err
	}
	r.out.OK()
	return nil
}
