package redis

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/eventloop"
	"github.com/mantisdb/mantisdb/server/clientmemory"
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
	pushes resp.Writer // messages of the command under way, which are sent before its reply
	sink   *sink       // of what others send to this client, and the lock of the connection
	held   bool        // what others send waits for the replies in out

	part         *part // that the command under way is executed upon
	database     int
	isPeer       bool                   // another node of the cluster
	knowsCluster bool                   // it has asked where slots are served
	readOnly     bool                   // after READONLY: what it reads may be stale
	asksEachNode bool                   // what it asks of all keys, it asks all nodes
	sentAway     map[int]cluster.NodeID // where commands for shards that came at the same time were sent
	identity
	transaction   *transaction // after MULTI
	executing     bool         // EXEC is under way
	watched       watchedKeys
	subscriptions subscriptions
	request       Request
	run           run
	closing       bool          // once what is in out was sent
	deadline      time.Time     // for the next command; none is the zero time
	idle          time.Duration // that the deadline was set for
	replies       replyMode
	limits        *Limits // that the parser has
	traffic       *trafficShard
	ahead         []byte // what was read while a command waited, and is to be handled yet
	hasListened   bool   // to others, at some time
	turns
	unsynced
	share clientmemory.Share // of what others do not queue

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
func (c *Client) keyspace() *mantisdb.Keyspace { return c.part.at(c.database) }

// attend answers until the client leaves, which it sees to then, or is parked: an event loop
// calls it again.
func (c *Client) attend() {
	if errors.Is(c.serve(), eventloop.ErrParked) {
		return
	}
	defer c.server.serving.Done()
	defer c.server.rates.end()
	defer c.server.contain(c)
	c.leave()
}

// serve answers until the client leaves, the server ends, or the client is parked, and
// tells why: the error is eventloop.ErrParked, or of interest to nobody.
func (c *Client) serve() (why error) {
	defer c.server.contain(c)
	if err := c.sendHeld(); err != nil {
		c.linger(err)
		return err
	}
	for {
		// Shutdown sets a deadline after it is ending, so one of the two is seen here.
		if c.server.ending.Load() {
			return net.ErrClosed
		}
		n, err := c.read(c.in.Room())
		if n > 0 {
			c.in.Filled(n)
			c.traffic.received.Add(int64(n))
			c.traffic.reads.Add(1)
			if err := c.handle(); err != nil {
				c.linger(err)
				return err
			}
			if err := c.extendDeadline(); err != nil {
				return err
			}
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && !c.server.ending.Load() {
				c.server.limited.Info("a client that sent nothing was disconnected", "client", c.address(), "idle", c.idle.String())
			}
			return err
		}
	}
}

// extendDeadline gives the client at least three quarters of the time that it may be idle,
// to send something. As for writing, it is not set for each command.
func (c *Client) extendDeadline() error {
	idle := c.server.limits().IdleTimeout
	if c.subscriptions.count() > 0 {
		idle = 0
	}
	if idle == 0 && c.deadline.IsZero() {
		return nil
	}
	now := time.Now()
	switch {
	case idle != 0 && idle == c.idle && c.deadline.Sub(now) >= idle/4*3:
		return nil
	case idle == 0:
		c.deadline = time.Time{}
	default:
		c.deadline = now.Add(idle)
	}
	c.idle = idle
	return c.conn.SetReadDeadline(c.deadline)
}

// Bounds of what is read of a client that is disconnected, so that the last reply
// reaches it: what comes for a closed connection makes the system drop what was sent.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 1 << 20
)

// linger waits until a client whose connection ends with a reply has that. To others it
// has left already.
func (c *Client) linger(why error) {
	var wrong resp.ProtocolError
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || !errors.Is(why, errQuit) && !errors.As(why, &wrong) || c.killed.Load() {
		return
	}
	c.ownGoroutine()
	c.unsubscribeAll()
	c.server.clients.remove(c)
	if half.CloseWrite() == nil && c.conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		io.CopyN(io.Discard, c.conn, lingerBytes)
	}
}

// handle answers all commands that are there whole, with one write unless that would be
// long. An error means that the connection is to be closed.
func (c *Client) handle() error {
	now := time.Now()
	c.lastUsed.Store(now.UnixMilli())
	c.renewUser()
	if c.limits != c.server.limits() {
		c.limitParser()
	}
	c.showQuery()
	c.countMemory()
	err := c.commands(now)
	c.endTurn(c.request.now.Sub(now))
	c.query.Store(int64(c.in.Buffered()))
	if err == nil && c.holdReplies() {
		return eventloop.ErrParked
	}
	if sent := c.flush(); err == nil {
		err = sent
	}
	c.countMemory()
	return err
}

func (c *Client) commands(now time.Time) error {
	c.request.now = now
	clear(c.sentAway)
	args, err := c.in.Next()
	for args != nil && err == nil {
		if run := c.server.runOf(c, args); run != nil {
			args, err = run(c, args)
		} else {
			mark := len(c.out.Buf)
			c.execute(args)
			if c.out.Overflowed {
				c.logOverflow(args[0])
				c.out.Buf = c.out.Buf[:mark]
				return errQuit
			}
			if c.closing || c.killed.Load() {
				return errQuit
			}
			args, err = c.in.Next()
		}
		if len(c.out.Buf) >= sendFrom {
			if err := c.flush(); err != nil {
				return err
			}
			c.request.now = time.Now() // it may have waited for the client
		}
	}
	if err != nil {
		c.server.protocolErrors.Add(1)
		c.server.errors.count("ERR")
		c.server.limited.Warn("a client sent what makes no sense, and was cut off", "client", c.address(), "error", err.Error())
		c.out.Error("ERR " + err.Error())
	}
	return err
}

// logOverflow tells why a client loses its connection whose reply is longer than the
// server gathers, where there is no other reply in its place any more.
func (c *Client) logOverflow(name []byte) {
	c.server.limited.Warn("a client was cut off, since the reply to a command was too long", "client", c.address(), "command", printable(name, longestName), "limit", c.out.Limit)
}

// flush sends what is unsent, once the writes that it answers are as durable as they are to be.
func (c *Client) flush() error {
	switch {
	case len(c.out.Buf) == 0 && !c.held:
		return nil
	case c.hasWritten:
		return c.syncAndSend()
	}
	return c.send()
}

// send sends what is unsent. Who does not take it within the time for that is cut off.
func (c *Client) send() error {
	c.held = false
	c.showBuffer()
	c.countMemory()
	err := c.sink.write(c.out.Buf, c.request.now)
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
	c.share.Release()
	c.sink.close()
}

// execute runs one command, or queues it after MULTI.
func (c *Client) execute(args [][]byte) {
	if isOfHTTP(args[0]) {
		c.server.limited.Warn("a request of HTTP came by the Redis protocol, and was cut off", "client", c.address())
		c.closing = true
		return
	}
	// Messages are not held longer than until the subscriber is told that it is one.
	if c.held {
		if c.flush() != nil {
			c.closing = true
			return
		}
		c.request.now = time.Now()
	}
	mark, replies := len(c.out.Buf), c.replies
	cmd, err := c.admit(args)
	if err == nil && c.server.pause.active() {
		if !c.server.pause.wait(c, cmd) {
			c.closing = true
			return
		}
		mark = min(mark, len(c.out.Buf)) // as the replies before it were sent
		c.request.now = time.Now()
		c.renewUser() // who may have lost the right meanwhile
		cmd, err = c.admit(args)
	}
	if err == nil && cmd.mayWait() {
		c.ownGoroutine()
	}
	if err == nil && c.transaction != nil && !cmd.endsQueue() {
		if c.server.routing != nil {
			err = c.queueInCluster(cmd, args)
		}
		if err != nil {
			c.transaction.fail()
		} else if err = c.transaction.queue(cmd, args, c.server.limits().MaxTransaction); err == nil {
			c.lastCmd.Store(cmd)
			c.out.Simple("QUEUED")
		}
	} else if err == nil {
		c.perform(cmd, args)
	}
	if err != nil {
		c.refuse(cmd, err)
	}
	if replies != replyOn || c.replies != replyOn {
		c.silence(replies, mark)
	}
	c.insertPushes(mark)
	c.publishView()
}

// isOfHTTP tells whether a command is one that a web page can make a browser send to a
// server of Redis, with commands in its body.
func isOfHTTP(name []byte) bool { return is(name, "POST") || is(name, "HOST:") }

// refuse replies why a command is not executed or queued. A transaction is lost by it.
func (c *Client) refuse(cmd *Command, err error) {
	text := replyOf(err)
	if cmd != nil && cmd.run != nil && cmd.fullName() == "exec" {
		c.endTransaction()
		text = "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(text, "ERR ")
	}
	c.transaction.fail()
	c.server.accountRejected(c, cmd, text)
	c.out.Error(text)
}

// holdMessages has what others send wait until what is in out, and the reply to the
// command under way, was sent.
func (c *Client) holdMessages() error {
	if c.held {
		return nil
	}
	c.held = true
	return c.sink.hold()
}

// pushed is where the command under way writes a message to its client.
func (r *Request) pushed() *resp.Writer {
	if r.client.executing {
		return r.out
	}
	return &r.client.pushes
}

// insertPushes puts the messages of a command before its reply, which begins at mark.
func (c *Client) insertPushes(mark int) {
	if len(c.pushes.Buf) > 0 {
		c.out.Buf = slices.Insert(c.out.Buf, mark, c.pushes.Buf...)
		c.pushes.Buf = c.pushes.Buf[:0]
	}
}

// admit finds the command and tells whether the client may send it now. With an error it
// is the command that was refused, nil if there is none.
func (c *Client) admit(args [][]byte) (*Command, error) {
	cmd, err := c.resolve(args)
	if err != nil {
		return cmd, err
	}
	switch {
	case c.needsPassword() && !cmd.has(flagNoAuth):
		return cmd, errNoAuth
	case c.transaction != nil && cmd.has(flagNoMulti):
		return cmd, Error("ERR Command not allowed inside a transaction")
	case c.subscriptions.count() > 0 && c.out.Proto != 3 && !cmd.has(flagSubscribed):
		return cmd, Error("ERR Can't execute '" + cmd.fullName() + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	}
	return cmd, c.authorize(cmd, args)
}

// resolve finds the command. Nodes have some for each other.
func (c *Client) resolve(args [][]byte) (*Command, error) {
	if c.isPeer && is(args[0], "PEER") {
		return commandTable{"peer": c.server.peerCommand}.resolve(args)
	}
	return c.server.table.resolve(args)
}

// perform runs a command that stands alone, and counts it.
func (c *Client) perform(cmd *Command, args [][]byte) {
	r := &c.request
	c.lastCmd.Store(cmd)
	begin := r.now
	mark := len(c.out.Buf)
	var err error
	if c.server.routing != nil {
		err = c.attemptInCluster(cmd, args, mark)
	} else if err = c.attempt(cmd, args, mark); c.server.renewed(c.part, err) {
		err = c.attempt(cmd, args, mark)
	}
	if r.swapped {
		err = errors.Join(err, c.part.refresh())
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
	took := time.Since(begin)
	r.now = begin.Add(took)
	c.server.account(c, cmd, args, begin, took, err)
}

// attempt runs a command whose reply begins at mark, in a transaction if it needs one.
func (c *Client) attempt(cmd *Command, args [][]byte, mark int) error {
	r := &c.request
	*r = Request{client: c, server: c.server, cmd: cmd, args: args, out: &c.out, now: r.now, events: r.events[:0]}
	c.out.Buf = c.out.Buf[:mark]
	switch {
	case cmd.direct != nil && !c.server.notifications.wantsExistence():
		return cmd.direct(r)
	case !cmd.touchesKeys():
		return cmd.run(r)
	case cmd.has(flagWrite):
		return c.part.db.UpdateWith(r.within(mark, cmd.run), c.writes())
	default:
		return c.part.db.View(r.within(mark, cmd.run))
	}
}

// within makes run a function of a transaction, which may be called more than once.
func (r *Request) within(mark int, run func(*Request) error) func(*mantisdb.Tx) error {
	return func(tx *mantisdb.Tx) error {
		r.tx = tx
		r.out.Buf, r.events = r.out.Buf[:mark], r.events[:0]
		r.order, r.swapped = r.client.part.order.Load(), false
		return run(r)
	}
}
