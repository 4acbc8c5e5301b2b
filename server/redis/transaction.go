package redis

import (
	"bytes"
	"fmt"
	"time"
)

// transaction is what a client has queued after MULTI.
type transaction struct {
	commands []queued
	bytes    int  // that the commands take
	failed   bool // a command could not be queued
}

type queued struct {
	cmd  *Command
	args [][]byte
	// How it went when it was last executed.
	begin time.Time
	took  time.Duration
	err   error
}

// queuedOverhead is what a queued command takes beyond the bytes of its arguments, and
// each of those, roughly.
const queuedOverhead = 64

// fail has EXEC refuse the transaction, if there is one. What was queued is not kept.
func (t *transaction) fail() {
	if t != nil {
		t.failed, t.commands = true, nil
	}
}

// queue keeps a command, whose arguments are borrowed, unless the transaction would take
// more than a number of bytes. One that has failed is not kept.
func (t *transaction) queue(cmd *Command, args [][]byte, most int) error {
	if t.failed {
		return nil
	}
	size := queuedOverhead
	for _, arg := range args {
		size += queuedOverhead + len(arg)
	}
	if t.bytes+size > most {
		return Error(fmt.Sprintf("ERR the transaction takes more than %d bytes", most))
	}
	t.bytes += size
	kept := make([][]byte, len(args))
	for i, arg := range args {
		kept[i] = bytes.Clone(arg)
	}
	t.commands = append(t.commands, queued{cmd: cmd, args: kept})
	return nil
}

// endsQueue tells whether a command after MULTI is not queued.
func (c *Command) endsQueue() bool {
	switch c.Name {
	case "exec", "discard", "multi", "watch", "quit", "reset":
		return c.parent == ""
	}
	return false
}

func transactionCommands() []*Command {
	return []*Command{
		{Name: "multi", Arity: 1, Flags: flagAllowBusy | flagNoScript | flagLoading | flagStale | flagFast, Group: "transactions",
			Summary: "Starts a transaction.", Since: "1.2.0", Complexity: "O(1)", run: multi},
		{Name: "exec", Arity: 1, Flags: flagNoScript | flagLoading | flagStale | flagSkipSlowlog, Group: "transactions",
			Summary: "Executes all commands in a transaction.", Since: "1.2.0", Complexity: "Depends on commands in the transaction", run: exec},
		{Name: "discard", Arity: 1, Flags: flagAllowBusy | flagNoScript | flagLoading | flagStale | flagFast, Group: "transactions",
			Summary: "Discards a transaction.", Since: "2.0.0", Complexity: "O(N), when N is the number of queued commands", run: discard},
		{Name: "watch", Arity: -2, Flags: flagAllowBusy | flagNoScript | flagLoading | flagStale | flagFast, Keys: allKeys, Group: "transactions", Syntax: "<key> [<key> ...]",
			Summary: "Monitors changes to keys to determine the execution of a transaction.", Since: "2.2.0", Complexity: "O(1) for every key.", run: watch},
		{Name: "unwatch", Arity: 1, Flags: flagAllowBusy | flagNoScript | flagLoading | flagStale | flagFast, Group: "transactions",
			Summary: "Forgets about watched keys of a transaction.", Since: "2.2.0", Complexity: "O(1)", run: unwatch},
	}
}

func multi(r *Request) error {
	if r.client.transaction != nil {
		return Error("ERR MULTI calls can not be nested")
	}
	r.client.transaction = &transaction{}
	r.out.OK()
	return nil
}

func discard(r *Request) error {
	if r.client.transaction == nil {
		return Error("ERR DISCARD without MULTI")
	}
	r.client.endTransaction()
	r.out.OK()
	return nil
}

// endTransaction forgets what was queued and watched.
func (c *Client) endTransaction() {
	c.transaction, c.watched = nil, watchedKeys{}
}
