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
	closing       bool // once what is in out was sent
	replies       replyMode
	limits        *Limits // that the parser has
	traffic       *trafficShard

	// What other clients ask for.
	created  time.Time
	lastUsed atomic.Int64           // Unix milliseconds
	name     atomic.Pointer[string] // CLIENT SETNAME
	lastCmd  atomic.Pointer[Command]
	shown    atomic.Pointer[clientView]
	view     clientView   // as in shown; of the client's goroutine
	query    atomic.Int64 // bytes of commands that wait or are executed
	room     atomic.Int64 // free bytes behind them
	unsent   atomic.Int64 // the room for replies, in bytes
	peak     atomic.Int64 // the longest that replies were
	noEvict  atomic.Bool
	paused   atomic.Bool  // waits for the end of CLIENT PAUSE
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
		if err := c.conn.SetReadDeadline(c.server.readDeadline(c)); err != nil {
			return
		}
		n, err := c.conn.Read(c.in.Room())
		if n > 0 {
			c.in.Filled(n)
			c.traffic.received.Add(int64(n))
			c.traffic.reads.Add(1)
			if c.handle() != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// handle answers all commands that are there whole, with one write unless that would be
// long. An error means that the connection is to be closed.
func (c *Client) handle() error {
	now := time.Now()
	c.lastUsed.Store(now.UnixMilli())
	if l := c.server.limits(); l != c.limits {
		c.takeLimits(l)
	}
	used, free := c.in.Held()
	c.query.Store(int64(used))
	c.room.Store(int64(free))
	err := c.commands(now)
	c.query.Store(int64(c.in.Buffered()))
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
		c.server.errors.count("ERR")
		c.out.Error("ERR " + err.Error())
	}
	return err
}

// flush sends what is unsent. Who does not take it within the time for that is cut off.
func (c *Client) flush() error {
	if len(c.out.Buf) == 0 {
		return nil
	}
	c.showBuffer()
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
	mark := len(c.out.Buf)
	mode := c.replies
	cmd, err := c.admit(args)
	if err == nil {
		c.server.pause.wait(c, cmd)
	}
	switch {
	case err != nil:
		c.transaction.fail()
		c.server.accountRejected(c, cmd, err)
		c.out.Error(replyOf(err))
	case c.transaction != nil && !cmd.endsQueue():
		c.transaction.queue(cmd, args)
		c.out.Simple("QUEUED")
	default:
		c.perform(cmd, args)
	}
	if mode != replyOn || c.replies != replyOn {
		c.silence(mode, mark)
	}
	c.publishView()
}

// admit finds the command and tells whether the client may send it now. With an error it
// is the command that was refused, nil if there is none.
func (c *Client) admit(args [][]byte) (*Command, error) {
	cmd, err := c.server.table.resolve(args)
	if err != nil {
		// Nobody learns without a password which commands there are.
		if !c.authenticated {
			return nil, errNoAuth
		}
		return cmd, err
	}
	switch {
	case !c.authenticated && !cmd.has(flagNoAuth):
		return cmd, errNoAuth
	case c.transaction != nil && cmd.has(flagNoMulti):
		return cmd, Error("ERR Command not allowed inside a transaction")
	case c.subscriptions.count() > 0 && c.out.Proto != 3 && !cmd.has(flagSubscribed):
		return cmd, Error("ERR Can't execute '" + cmd.fullName() + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	}
	return cmd, nil
}

// perform runs a command that stands alone, and counts it.
func (c *Client) perform(cmd *Command, args [][]byte) {
	r := &c.request
	*r = Request{client: c, server: c.server, cmd: cmd, args: args, out: &c.out, now: r.now, events: r.events[:0]}
	c.lastCmd.Store(cmd)
	begin := time.Now()
	mark := len(c.out.Buf)
	err := c.attempt(r, mark)
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
	case cmd.direct != nil:
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
		return run(r)
	}
}
