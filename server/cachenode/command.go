package cachenode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/server/acl"
)

// command is one that clients may send.
type command struct {
	acl.Command
	// arity is how many arguments it takes, its name included; -n is at least n.
	arity int
	keys  keys
	// anybody tells that it may be sent before authentication.
	anybody bool
	run     func(r *request) error
}

// keys are where a command has keys: from the first argument on, every step-th, one or all.
type keys struct {
	step          int // 0: there are none
	one           bool
	reads, writes bool
}

var (
	readsKey   = keys{step: 1, one: true, reads: true}
	readsKeys  = keys{step: 1, reads: true}
	writesKey  = keys{step: 1, one: true, writes: true}
	writesKeys = keys{step: 1, writes: true}
	writesEach = keys{step: 2, writes: true}
)

// of are the keys among arguments.
func (k keys) of(args [][]byte) (keys [][]byte) {
	for i := 1; k.step > 0 && i < len(args); i += k.step {
		keys = append(keys, args[i])
		if k.one {
			break
		}
	}
	return keys
}

// commandTable are the commands by name.
func commandTable() map[string]*command {
	table := map[string]*command{}
	for _, family := range [][]*command{stringCommands(), keyCommands(), expiryCommands(), connectionCommands()} {
		for _, c := range family {
			table[c.Name] = c
		}
	}
	return table
}

func (c *command) takes(n int) bool { return n == c.arity || c.arity < 0 && n >= -c.arity }

// request is a command under way.
type request struct {
	*connection
	ctx  context.Context
	name string
	args [][]byte
	now  time.Time
}

// replyError is an error that a client is replied, as Redis words it, its code in capitals first.
type replyError string

// Error implements error.
func (e replyError) Error() string { return string(e) }

const (
	errSyntax     replyError = "ERR syntax error"
	errNotInteger replyError = "ERR value is not an integer or out of range"
	errNoAuth     replyError = "NOAUTH Authentication required."
	errNoKey      replyError = "NOPERM this user has no permissions to access one of the keys used as arguments"
)

// execute runs one command. An error ends the connection.
func (c *connection) execute(args [][]byte) error {
	name := strings.ToLower(string(args[0]))
	if name == "post" || name == "host:" {
		c.server.limited.Warn("a request of HTTP came by the Redis protocol, and was cut off", "client", c.address())
		return errQuit
	}
	mark := len(c.out.Buf)
	err := c.attempt(name, args)
	switch {
	case errors.Is(err, errQuit):
		return err
	case c.out.Overflowed:
		c.server.limited.Warn("a client was cut off, since the reply to a command was too long", "client", c.address(), "command", name, "limit", c.out.Limit)
		c.out.Buf = c.out.Buf[:mark]
		return errQuit
	case err != nil:
		c.out.Buf = c.out.Buf[:mark]
		c.out.Error(replyOf(err))
	}
	if len(c.out.Buf) >= sendFrom {
		return c.flush()
	}
	return nil
}

func (c *connection) attempt(name string, args [][]byte) error {
	cmd := c.server.commands[name]
	if err := c.authorize(cmd, args); err != nil {
		return err
	}
	switch {
	case cmd == nil:
		return replyError(fmt.Sprintf("ERR unknown command '%.64s', or one that a distributed cache does not serve", name))
	case !cmd.takes(len(args)):
		return replyError("ERR wrong number of arguments for '" + name + "' command")
	}
	return cmd.run(&request{connection: c, ctx: context.Background(), name: name, args: args, now: time.Now()})
}

// authorize returns nil if the client may send the command, which is nil if there is none.
func (c *connection) authorize(cmd *command, args [][]byte) error {
	switch {
	case cmd != nil && cmd.anybody:
		return nil
	case c.user == nil:
		return errNoAuth
	case cmd == nil || c.user.Unrestricted():
		return nil
	case !c.user.MayRun(cmd.Command):
		return replyError("NOPERM this user has no permissions to run the '" + cmd.Name + "' command")
	}
	for _, key := range cmd.keys.of(args) {
		if cmd.keys.reads && !c.user.MayRead(string(key)) || cmd.keys.writes && !c.user.MayWrite(string(key)) {
			return errNoKey
		}
	}
	return nil
}

// replyOf is what a client is told of an error.
func replyOf(err error) string {
	var own replyError
	switch {
	case errors.As(err, &own):
		return string(own)
	case errors.Is(err, distributed.ErrTooFewNodes):
		return "CLUSTERDOWN " + err.Error()
	case errors.Is(err, distributed.ErrUnknownOutcome):
		return "UNKNOWN " + distributed.ErrUnknownOutcome.Error()
	default:
		return "ERR " + err.Error()
	}
}
