package redis

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb"
)

// execution is EXEC under way. What touches keys runs in one transaction of the database:
// all of it is seen by others at once, and it sees no change of theirs. It is run again if
// others have come between, and then replies anew.
//
// Other commands may do what cannot be taken back, as PUBLISH does. So they run once the
// transaction is committed, and their replies are put to their places.
type execution struct {
	request  *Request
	commands []queued
	watched  watchedKeys
	later    []laterCommand

	// What the client had when it began, and has again at each try.
	mark     int // of the reply
	database int
	proto    int
	identity identity
	events   []event
}

// laterCommand is one that runs after the commit.
type laterCommand struct {
	*queued
	mark   int // where its reply belongs
	events int // how many events come before it
	proto  int // of its reply
	// as whom it runs, which AUTH before it may have changed
	identity identity
}

// runsLater tells whether a command in EXEC waits for the commit. SELECT, HELLO and AUTH do
// not: others depend on them, and they may be repeated.
func (c *Command) runsLater() bool {
	switch c.Name {
	case "select", "hello", "auth":
		return false
	}
	return !c.touchesKeys()
}

func exec(r *Request) error {
	c := r.client
	t := c.transaction
	if t == nil {
		return Error("ERR EXEC without MULTI")
	}
	e := &execution{
		request: r, commands: t.commands, watched: c.watched,
		mark: len(r.out.Buf), database: c.database, proto: c.out.Proto, identity: c.identity, events: r.events,
	}
	c.endTransaction()
	if t.failed {
		return errExecAbort
	}
	c.executing = true
	defer func() { c.executing = false }()
	options := mantisdb.WriteOptions{}
	if slices.ContainsFunc(e.commands, func(q queued) bool { return q.cmd.has(flagWrite) }) {
		options = c.writes()
	}
	err := e.commit(options)
	switch {
	case errors.Is(err, errWatched):
		e.restore()
		r.out.NullArray()
	case err != nil:
		e.restore()
		return err
	default:
		e.finish()
		r.server.accountQueued(c, e.commands)
	}
	return nil
}

// commit runs the transaction.
func (e *execution) commit(o mantisdb.WriteOptions) error {
	c := e.request.client
	if c.server.routing != nil {
		return e.commitInCluster(o)
	}
	err := c.part.db.UpdateWith(e.try, o)
	if c.server.renewed(c.part, err) {
		err = c.part.db.UpdateWith(e.try, o)
	}
	return err
}

// restore undoes what a try has done to the client.
func (e *execution) restore() {
	r := e.request
	r.client.database = e.database
	if r.client.identity != e.identity {
		r.client.become(e.identity)
	}
	if r.client.out.Proto != e.proto {
		r.client.setProto(e.proto)
		r.out.Proto = e.proto
	}
	r.out.Buf, r.events, e.later = r.out.Buf[:e.mark], e.events[:0], e.later[:0]
}

// try runs the commands in a transaction.
func (e *execution) try(tx *mantisdb.Tx) error {
	e.restore()
	r := e.request
	if r.client.part != nil { // else no key is concerned
		order, err := r.client.part.orderIn(tx)
		if err != nil {
			return err
		}
		r.order, r.swapped = order, false
		if err := e.watched.check(tx, r); err != nil {
			return err
		}
	}
	r.out.Array(len(e.commands))
	for i := range e.commands {
		q := &e.commands[i]
		if q.cmd.runsLater() {
			e.later = append(e.later, laterCommand{q, len(r.out.Buf), len(r.events), r.out.Proto, r.client.identity})
		} else if err := r.runQueued(q, tx); err != nil {
			return err
		}
	}
	return nil
}

// finish runs what was left for after the commit, in its place among the events.
func (e *execution) finish() {
	r := e.request
	if len(e.later) == 0 {
		return
	}
	reply, events := bytes.Clone(r.out.Buf[e.mark:]), r.events
	proto, identity := r.out.Proto, r.client.identity
	r.out.Buf = r.out.Buf[:e.mark]
	from, published := 0, 0
	for _, l := range e.later {
		r.out.Buf = append(r.out.Buf, reply[from:l.mark-e.mark]...)
		from = l.mark - e.mark
		r.events = events[published:l.events]
		published = l.events
		r.server.publishEvents(r)
		r.events, r.out.Proto, r.client.identity = nil, l.proto, l.identity
		if err := r.runQueued(l.queued, nil); err != nil {
			r.out.Error(replyOf(err))
		}
		r.server.publishEvents(r)
	}
	r.out.Proto, r.client.identity = proto, identity
	r.out.Buf = append(r.out.Buf, reply[from:]...)
	r.events = events[published:]
}

// runQueued runs one command. If it ends with an error of its own, that is its reply, and
// the others run all the same, as in Redis; an error of the database is returned, with no
// reply.
func (r *Request) runQueued(q *queued, tx *mantisdb.Tx) error {
	mark := len(r.out.Buf)
	sub := Request{client: r.client, server: r.server, cmd: q.cmd, args: q.args, out: r.out, now: r.now, tx: tx, order: r.order}
	q.begin = time.Now()
	err := r.client.authorizeQueued(q)
	if err == nil {
		err = q.cmd.run(&sub)
	}
	q.took, q.err = time.Since(q.begin), err
	var own Error
	switch {
	case err == nil:
		r.events = append(r.events, sub.events...)
		r.order, r.swapped = sub.order, r.swapped || sub.swapped
		return nil
	case errors.Is(err, errQuit):
		q.err = nil
		r.client.closing = true
		return nil
	}
	r.out.Buf = r.out.Buf[:mark]
	if errors.As(err, &own) || isRefusal(err) {
		r.out.Error(replyOf(err))
		return nil
	}
	return err
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
