package cachenode

import (
	"cmp"
	"errors"
	"net"
	"runtime/debug"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// connection is that of a client. It belongs to the goroutine that serves it.
type connection struct {
	server *Server
	id     int64
	conn   net.Conn
	in     *resp.Parser
	out    resp.Writer
	user   *acl.User // nil: the client has not authenticated
	since  uint64    // what the list's Changes were before user was found
	name   string    // as the client calls itself
}

func newConnection(s *Server, conn net.Conn) *connection {
	c := &connection{server: s, conn: conn, out: resp.Writer{Limit: s.limits.MaxReply}}
	c.in = resp.NewParser(resp.Limits{})
	c.since = s.users.Changes()
	c.letIn(s.users.Anonymous())
	return c
}

// letIn has the client be a user; nil is nobody, who may send little.
func (c *connection) letIn(user *acl.User) {
	c.user = user
	limits := resp.Limits{MaxBulk: c.server.limits.MaxBulk, MaxArgs: c.server.limits.MaxArgs, MaxRequest: c.server.limits.MaxRequest}
	if user == nil {
		limits.MaxBulk, limits.MaxArgs = resp.UnauthBulk, resp.UnauthArgs
	}
	c.in.SetLimits(limits)
}

// renewUser holds the client to what its user may do now.
func (c *connection) renewUser() {
	changes := c.server.users.Changes()
	if changes == c.since {
		return
	}
	c.since = changes
	if c.user == nil {
		c.letIn(c.server.users.Anonymous())
		return
	}
	user := c.server.users.Find(c.user.Name)
	if user != nil && !user.Enabled {
		user = nil
	}
	c.letIn(user)
}

// address is where the client is; those of a Unix socket have none.
func (c *connection) address() string { return cmp.Or(c.conn.RemoteAddr().String(), "@") }

// errQuit ends a connection after its replies were sent.
var errQuit = errors.New("the client is to be disconnected")

// serve answers until the client leaves, or the server ends.
func (c *connection) serve() {
	defer c.contain()
	for {
		if idle := c.server.limits.IdleTimeout; idle > 0 {
			c.conn.SetReadDeadline(time.Now().Add(idle))
		}
		if c.server.isEnding() {
			return
		}
		n, err := c.conn.Read(c.in.Room())
		c.in.Filled(n)
		if n > 0 {
			stop := c.handle()
			if sent := c.flush(); stop != nil || sent != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (s *Server) isEnding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// handle answers the commands that are there whole.
func (c *connection) handle() error {
	c.renewUser()
	for {
		args, err := c.in.Next()
		if err != nil {
			c.server.limited.Warn("a client sent what makes no sense, and was cut off", "client", c.address(), "error", err.Error())
			c.out.Error("ERR " + err.Error())
			return err
		}
		if args == nil {
			return nil
		}
		if err := c.execute(args); err != nil {
			return err
		}
	}
}

// sendFrom is how many bytes are unsent before they are sent, though more commands are there.
const sendFrom = 64 << 10

// flush sends what is unsent.
func (c *connection) flush() error {
	if len(c.out.Buf) == 0 {
		return nil
	}
	c.conn.SetWriteDeadline(time.Now().Add(c.server.limits.WriteTimeout))
	_, err := c.conn.Write(c.out.Buf)
	c.out.Buf = c.out.Buf[:0]
	return err
}

// contain turns a panic into a line of the log and a connection that ends.
func (c *connection) contain() {
	if cause := recover(); cause != nil {
		c.server.logger.Error("panic in a command", "client", c.address(), "panic", cause, "stack", string(debug.Stack()))
	}
}
