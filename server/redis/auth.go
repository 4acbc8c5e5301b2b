package redis

import (
	"crypto/sha256"
	"crypto/subtle"
)

// defaultUser is the one that there is.
const defaultUser = "default"

const errWrongPassword Error = "WRONGPASS invalid username-password pair or user is disabled."

// password is what a client must know.
type password struct {
	text string
	sum  [sha256.Size]byte
}

// setPassword is what clients that connect from now on are asked for; empty is nothing.
// Those that are connected go on as they are. It may be called from any goroutine.
func (s *Server) setPassword(text string) {
	if text == "" {
		s.password.Store(nil)
		return
	}
	s.password.Store(&password{text, sha256.Sum256([]byte(text))})
}

// passwordText is the password, empty if there is none.
func (s *Server) passwordText() string {
	if p := s.password.Load(); p != nil {
		return p.text
	}
	return ""
}

// isPassword tells whether it is that, in a time that tells nothing, neither of the
// contents nor of the length.
func (p *password) is(given []byte) bool {
	sum := sha256.Sum256(given)
	return subtle.ConstantTimeCompare(p.sum[:], sum[:]) == 1
}

// needsPassword tells whether the client must say it first. One that was asked for it is
// let in if it is asked for no more.
func (c *Client) needsPassword() bool {
	if c.authenticated {
		return false
	}
	if c.server.password.Load() != nil {
		return true
	}
	c.letIn()
	return false
}

// login lets the client in if it knows the password. Without one, everybody is.
func (c *Client) login(user, given []byte) error {
	p := c.server.password.Load()
	knows := p == nil || p.is(given)
	if string(user) != defaultUser || !knows {
		return errWrongPassword
	}
	c.letIn()
	return nil
}

func (c *Client) letIn() {
	c.authenticated = true
	c.limitParser()
}

// limitParser holds what the client sends to what is due to it.
func (c *Client) limitParser() { c.in.SetLimits(c.server.limits.parser(c.authenticated)) }

// auth is AUTH [username] password.
func auth(r *Request) error {
	user, given := []byte(defaultUser), r.args[1]
	switch {
	case len(r.args) > 3:
		return errSyntax
	case len(r.args) == 3:
		user, given = r.args[1], r.args[2]
	case r.server.password.Load() == nil:
		return Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	}
	if err := r.client.login(user, given); err != nil {
		return err
	}
	r.out.OK()
	return nil
}
