package redis

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// Client is one connection. Its fields belong to the goroutine that serves it, but for
// those that say otherwise.
type Client struct {
	server *Server
	id     int64
	conn   net.Conn
	in     *resp.Parser
	out    resp.Writer // what was not yet sent
	sink   *sink       // of what others send to this client, and the lock of the connection

	database      int
	authenticated bool
	user          string
	transaction   *transaction // after MULTI
	watched       []watchedKey
	subscriptions subscriptions
	request       Request
	run           run
	closing       bool      // once what is in out was sent
	deadline      time.Time // for the next command; none is the zero time

	// What other clients ask for.
	created  time.Time
	lastUsed atomic.Int64           // Unix milliseconds
	name     atomic.Pointer[string] // CLIENT SETNAME
	lastCmd  atomic.Pointer[string]
	proto    atomic.Int32 // as out has it
	killed   atomic.Bool
}

// Bounds of what a client has unsent before it is sent, and what it keeps.
const (
	sendFrom  = 64 << 10
	keepReply = 256 << 10
)

// keyspace is the database that the client has selected, which was made then.
func (c *Client) keyspace() *mantisdb.Keyspace { return c.server.databases.at(c.database) }

// serve answers until the client leaves, or the server ends.
func (c *Client) serve() {
	defer c.leave()
	for {
		if err := c.extendDeadline(); err != nil {
			return
		}
		n, err := c.conn.Read(c.in.Room())
		if n > 0 {
			c.in.Filled(n)
			if c.handle() != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// extendDeadline gives the client at least three quarters of the time that it may be idle,
// to send something. As for writing, it is not set for each command.
func (c *Client) extendDeadline() error {
	idle := c.server.limits.IdleTimeout
	if c.subscriptions.count() > 0 {
		idle = 0
	}
	now := time.Now()
	switch {
	case idle == 0 && c.deadline.IsZero(), idle != 0 && c.deadline.Sub(now) >= idle/4*3:
		return nil
	case idle == 0:
		c.deadline = time.Time{}
	default:
		c.deadline = now.Add(idle)
	}
	return c.setReadDeadline(c.deadline)
}

// setReadDeadline sets it unless the server ends, which sets one that has passed.
func (c *Client) setReadDeadline(deadline time.Time) error {
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	if c.server.ending.Load() {
		return c.conn.SetReadDeadline(time.Unix(1, 0))
	}
	return nil
}

// handle answers all commands that are there whole, with one write unless that would be
// long. An error means that the connection is to be closed.
func (c *Client) handle() error {
	now := time.Now()
	c.lastUsed.Store(now.UnixMilli())
	err := c.commands(now)
	if sent := c.flush(); err == nil {
		err = sent
	}
	return err
}

func (c *Client) commands(now time.Time) error {
	args, err := c.in.Next()
	for args != nil && err == nil {
		c.request.now = now
		if run := c.server.runOf(c, args); run != nil {
			args, err = run(c, args)
		} else {
			c.execute(args)
			if c.closing || c.killed.Load() {
				return errQuit
			}
			args, err = c.in.Next()
		}
		if len(c.out.Buf) >= sendFrom {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	if err != nil {
		c.server.protocolErrors.Add(1)
		c.out.Error("ERR " + err.Error())
	}
	return err
}

// flush sends what is unsent. Who does not take it within the time for that is cut off.
func (c *Client) flush() error {
	if len(c.out.Buf) == 0 {
		return nil
	}
	err := c.sink.write(c.out.Buf)
	if cap(c.out.Buf) > keepReply {
		c.out.Buf = nil
	}
	c.out.Buf = c.out.Buf[:0]
	return err
}

// leave undoes what the client has done to the server.
func (c *Client) leave() {
	c.unsubscribeAll()
	c.server.clients.remove(c)
	c.sink.close()
}

// execute runs one command, or queues it after MULTI.
func (c *Client) execute(args [][]byte) {
	cmd, err := c.admit(args)
	switch {
	case err != nil:
		c.transaction.fail()
		c.out.Error(replyOf(err))
	case c.transaction != nil && !cmd.endsQueue():
		c.transaction.queue(cmd, args)
		c.out.Simple("QUEUED")
	default:
		c.perform(cmd, args)
	}
}

// admit finds the command and tells whether the client may send it now.
func (c *Client) admit(args [][]byte) (*Command, error) {
	cmd, err := c.server.table.resolve(args)
	if err != nil {
		// Nobody learns without a password which commands there are.
		if !c.authenticated {
			return nil, errNoAuth
		}
		return nil, err
	}
	switch {
	case !c.authenticated && !cmd.has(flagNoAuth):
		return nil, errNoAuth
	case c.transaction != nil && cmd.has(flagNoMulti):
		return nil, Error("ERR Command not allowed inside a transaction")
	case c.subscriptions.count() > 0 && c.out.Proto != 3 && !cmd.has(flagSubscribed):
		return nil, Error("ERR Can't execute '" + cmd.fullName() + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	}
	return cmd, nil
}

// perform runs a command that stands alone, and counts it.
func (c *Client) perform(cmd *Command, args [][]byte) {
	r := &c.request
	*r = Request{client: c, server: c.server, cmd: cmd, args: args, out: &c.out, now: r.now, events: r.events[:0]}
	begin := time.Now()
	mark := len(c.out.Buf)
	err := c.attempt(r, mark)
	if r.swapped {
		err = errors.Join(err, c.server.databases.refresh())
	}
	if errors.Is(err, errQuit) {
		c.closing = true
		err = nil
	}
	if err != nil {
		c.out.Buf = c.out.Buf[:mark]
		c.out.Error(replyOf(err))
	} else {
		c.server.publishEvents(r)
	}
	c.server.account(c, cmd, args, begin, time.Since(begin), err)
}

// attempt runs a request in a transaction, if it needs one.
func (c *Client) attempt(r *Request, mark int) error {
	switch cmd := r.cmd; {
	case cmd.direct != nil && !c.server.notifications.wantsExistence():
		return cmd.direct(r)
	case !cmd.touchesKeys():
		return cmd.run(r)
	case cmd.has(flagWrite):
		return c.server.db.Update(r.within(mark, cmd.run))
	default:
		return c.server.db.View(r.within(mark, cmd.run))
	}
}

// within makes run a function of a transaction, which may be called more than once.
func (r *Request) within(mark int, run func(*Request) error) func(*mantisdb.Tx) error {
	return func(tx *mantisdb.Tx) error {
		r.tx = tx
		r.out.Buf, r.events = r.out.Buf[:mark], r.events[:0]
		r.order, r.swapped = r.server.databases.order.Load(), false
		return run(r)
	}
}
