package redis

import (
	"bytes"
	"errors"
	"time"

	"github.com/mantisdb/mantisdb"
)

// transaction is what a client has queued after MULTI.
type transaction struct {
	commands []queued
	bytes    int  // of their arguments
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

// watchedKey is a key and the version that it had at WATCH, 0 for none.
type watchedKey struct {
	database int
	key      []byte
	version  uint64
}

// errWatched ends EXEC if a watched key has changed.
var errWatched = errors.New("redis: a watched key has changed")

// fail has EXEC refuse the transaction, if there is one.
func (t *transaction) fail() {
	if t != nil {
		t.failed = true
	}
}

// queue keeps a command, whose arguments are borrowed.
func (t *transaction) queue(cmd *Command, args [][]byte) {
	kept := make([][]byte, len(args))
	for i, arg := range args {
		kept[i] = bytes.Clone(arg)
		t.bytes += len(arg)
	}
	t.commands = append(t.commands, queued{cmd: cmd, args: kept})
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
		{Name: "multi", Arity: 1, Flags: flagNoScript | flagLoading | flagStale | flagFast, Group: "transactions",
			Summary: "Starts a transaction.", Since: "1.2.0", Complexity: "O(1)", run: multi},
		{Name: "exec", Arity: 1, Flags: flagNoScript | flagLoading | flagStale | flagSkipSlowlog, Group: "transactions",
			Summary: "Executes all commands in a transaction.", Since: "1.2.0", Complexity: "Depends on commands in the transaction", run: exec},
		{Name: "discard", Arity: 1, Flags: flagNoScript | flagLoading | flagStale | flagFast, Group: "transactions",
			Summary: "Discards a transaction.", Since: "2.0.0", Complexity: "O(N), when N is the number of queued commands", run: discard},
		{Name: "watch", Arity: -2, Flags: flagNoScript | flagLoading | flagStale | flagFast, Keys: allKeys, Group: "transactions",
			Summary: "Monitors changes to keys to determine the execution of a transaction.", Since: "2.2.0", Complexity: "O(1) for every key.", run: watch},
		{Name: "unwatch", Arity: 1, Flags: flagNoScript | flagLoading | flagStale | flagFast, Group: "transactions",
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
	c.transaction, c.watched = nil, nil
}

func watch(r *Request) error {
	if r.client.transaction != nil {
		return Error("ERR WATCH inside MULTI is not allowed")
	}
	ks := r.keyspace()
	for _, key := range r.args[1:] {
		if r.client.watches(key) {
			continue
		}
		_, meta, err := ks.AppendGetMeta(nil, key)
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return err
		}
		r.client.watched = append(r.client.watched, watchedKey{r.client.database, bytes.Clone(key), meta.Version})
	}
	r.out.OK()
	return nil
}

// watches tells whether a key is watched already, since the first version counts.
func (c *Client) watches(key []byte) bool {
	for i := range c.watched {
		if w := &c.watched[i]; w.database == c.database && bytes.Equal(w.key, key) {
			return true
		}
	}
	return false
}

func unwatch(r *Request) error {
	r.client.watched = nil
	r.out.OK()
	return nil
}

// exec runs what was queued in one transaction of the database: all of it is seen by
// others at once, and it sees no change of theirs. A watched key is read in it, so that a
// change up to the very commit is found.
func exec(r *Request) error {
	c := r.client
	t := c.transaction
	if t == nil {
		return Error("ERR EXEC without MULTI")
	}
	watched := c.watched
	c.endTransaction()
	if t.failed {
		return errExecAbort
	}
	database, mark := c.database, len(r.out.Buf)
	events := r.events
	err := c.server.db.Update(func(tx *mantisdb.Tx) error {
		c.database, r.out.Buf, r.events = database, r.out.Buf[:mark], events[:0]
		if err := c.checkWatched(tx, watched); err != nil {
			return err
		}
		return r.execAll(tx, t.commands)
	})
	if err == nil {
		c.server.accountQueued(c, t.commands)
	}
	if errors.Is(err, errWatched) {
		c.database, r.out.Buf = database, r.out.Buf[:mark]
		r.out.NullArray()
		return nil
	}
	return err
}

// checkWatched is errWatched if a watched key has not the version that it had.
func (c *Client) checkWatched(tx *mantisdb.Tx, watched []watchedKey) error {
	for _, w := range watched {
		ks := c.server.databases.at(w.database)
		_, meta, err := tx.In(ks).AppendGetMeta(nil, w.key)
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return err
		}
		if meta.Version != w.version {
			return errWatched
		}
	}
	return nil
}

// execAll runs commands one after the other. One that ends with an error of its own does
// not keep the others from running, as in Redis; one of the database ends them all.
func (r *Request) execAll(tx *mantisdb.Tx, commands []queued) error {
	r.out.Array(len(commands))
	for i := range commands {
		q := &commands[i]
		mark := len(r.out.Buf)
		sub := Request{client: r.client, server: r.server, cmd: q.cmd, args: q.args, out: r.out, now: r.now, tx: tx}
		q.begin = time.Now()
		err := q.cmd.run(&sub)
		q.took, q.err = time.Since(q.begin), err
		var own Error
		switch {
		case err == nil:
			r.events = append(r.events, sub.events...)
		case errors.As(err, &own), isRefusal(err):
			r.out.Buf = r.out.Buf[:mark]
			r.out.Error(replyOf(err))
		case errors.Is(err, errQuit):
			q.err = nil
			r.client.closing = true
		default:
			return err
		}
	}
	return nil
}

// isRefusal tells whether an error of the database is about one command's arguments, and
// nothing was done.
func isRefusal(err error) bool {
	for _, refusal := range []error{
		mantisdb.ErrKeyEmpty, mantisdb.ErrKeyTooLarge, mantisdb.ErrValueTooLarge,
		mantisdb.ErrNotANumber, mantisdb.ErrOverflow, mantisdb.ErrInvalidTTL,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
