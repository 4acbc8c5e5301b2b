package redis

import (
	"fmt"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
)

// clientView is what others see of a client's state. The client's goroutine publishes a
// new one whenever it has changed.
type clientView struct {
	database           int
	user               string // one who has not authenticated is shown as the default
	channels, patterns int
	queued             int // after MULTI; -1 without one
	queuedBytes        int
	readOnly           bool // after READONLY
}

// publishView lets others see the client as it is now.
func (c *Client) publishView() {
	v := clientView{
		database: c.database, user: acl.DefaultName, queued: -1, readOnly: c.readOnly,
		channels: len(c.subscriptions.channels), patterns: len(c.subscriptions.patterns),
	}
	if c.user != nil {
		v.user = c.user.Name
	}
	if t := c.transaction; t != nil {
		v.queued, v.queuedBytes = len(t.commands), t.bytes
	}
	if c.shown.Load() == nil || v != c.view {
		shown := v // v itself stays on the stack
		c.view = v
		c.shown.Store(&shown)
	}
}

// showQuery lets others see how much of commands has come.
func (c *Client) showQuery() {
	used, free := c.in.Held()
	c.query.Store(int64(used))
	c.room.Store(int64(free))
}

// showBuffer lets others see how large the buffer of replies is.
func (c *Client) showBuffer() {
	if n := int64(cap(c.out.Buf)); n != c.unsent.Load() {
		c.unsent.Store(n)
	}
	if n := int64(len(c.out.Buf)); n > c.peak.Load() {
		c.peak.Store(n)
	}
}

// isPubSub tells whether it listens to channels.
func (v *clientView) isPubSub() bool { return v.channels+v.patterns > 0 }

// flags are the letters that CLIENT LIST has for a client's state.
func (c *Client) flags(v *clientView) string {
	var flags strings.Builder
	for _, f := range []struct {
		letter byte
		is     bool
	}{
		{'P', v.isPubSub()}, {'x', v.queued >= 0}, {'r', v.readOnly}, {'b', c.paused.Load()},
		{'A', c.killed.Load()}, {'e', c.noEvict.Load()},
	} {
		if f.is {
			flags.WriteByte(f.letter)
		}
	}
	if flags.Len() == 0 {
		return "N"
	}
	return flags.String()
}

// clientName is what CLIENT SETNAME said, empty for nothing.
func (c *Client) clientName() string {
	if name := c.name.Load(); name != nil {
		return *name
	}
	return ""
}

// lastCommand is the full name of the command that it sent last.
func (c *Client) lastCommand() string {
	if cmd := c.lastCmd.Load(); cmd != nil {
		return cmd.fullName()
	}
	return "NULL"
}

// clientMemory is what a connection takes of memory besides its buffers, roughly: the
// client, its parser and the stack of its goroutine.
const clientMemory = 10 << 10

// memory is what the client takes of memory, in bytes, of that what waits in its queue.
func (c *Client) memory(v *clientView) (all, queue int64) {
	queue = int64(c.sink.waiting())
	return clientMemory + c.query.Load() + c.room.Load() + c.unsent.Load() + queue + int64(v.queuedBytes), queue
}

// describe is a client's line of CLIENT LIST, for r's client to read. The arguments that
// a command is executed with are those of r's client alone: of others they are not known.
func (r *Request) describe(c *Client) string {
	v := c.shown.Load()
	arguments := 0
	if c == r.client {
		for _, arg := range r.args {
			arguments += len(arg)
		}
	}
	memory, queue := c.memory(v)
	pieces := 0
	if queue > 0 {
		pieces = 1
	}
	age, idle := r.now.Sub(c.created), r.now.Sub(time.UnixMilli(c.lastUsed.Load()))
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=-1 name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=0 multi=%d "+
		"qbuf=%d qbuf-free=%d argv-mem=%d multi-mem=%d rbs=%d rbp=%d obl=0 oll=%d omem=%d tot-mem=%d "+
		"events=r cmd=%s user=%s redir=-1 resp=%d",
		c.id, c.conn.RemoteAddr(), c.conn.LocalAddr(), c.clientName(), wholeSeconds(age), wholeSeconds(idle),
		c.flags(v), v.database, v.channels, v.patterns, v.queued,
		c.query.Load(), c.room.Load(), arguments, v.queuedBytes, c.unsent.Load(), c.peak.Load(), pieces, queue, memory,
		c.lastCommand(), v.user, max(c.proto.Load(), 2))
}

// wholeSeconds is a duration in whole seconds, and never below zero.
func wholeSeconds(d time.Duration) int64 { return int64(max(d, 0) / time.Second) }
