package redis

import (
	"bufio"
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// queueInCluster checks whether a command may be part of a transaction in a cluster, which is
// of one shard.
func (c *Client) queueInCluster(cmd *Command, args [][]byte) error {
	switch {
	case cmd.across != nil, cmd.Name == "hello", cmd.Name == "auth":
		return Error("ERR '" + cmd.fullName() + "' cannot be part of a transaction in a cluster")
	}
	_, err := c.server.routing.shardOfAll(cmd.Keys.of(args))
	return err
}

// shard is the shard that all keys of the transaction are in, those included that are watched.
func (e *execution) shard() (int, error) {
	var keys [][]byte
	for _, q := range e.commands {
		keys = append(keys, q.cmd.Keys.of(q.args)...)
	}
	for key := range e.watched.versions {
		keys = append(keys, []byte(key.key))
	}
	return e.request.server.routing.shardOfAll(keys)
}

// commitInCluster runs the transaction where its keys are served.
func (e *execution) commitInCluster(o mantisdb.WriteOptions) error {
	shard, err := e.shard()
	if err != nil {
		return err
	}
	if shard == noShard {
		return e.try(nil)
	}
	c := e.request.client
	again := !slices.ContainsFunc(e.commands, func(q queued) bool { return q.cmd.has(flagWrite) })
	return c.reach(shard, func(route *cluster.Route) error {
		e.restore()
		if route.DB == nil {
			return e.pass(shard, route, again)
		}
		return outcome(c.upon(shard, route, func() error { return c.part.db.UpdateWith(e.try, o) }), again)
	})
}

// pass has the peer that a route leads to run what concerns keys, and puts its replies among
// those of the rest.
func (e *execution) pass(shard int, route *cluster.Route, again bool) error {
	r := e.request
	here, commands, passed := e.sort()
	database := r.client.database
	r.client.database = e.database // in which the transaction begins
	reply, err := r.server.routing.send(shard, route, nil, &call{
		database: e.database, proto: max(r.out.Proto, 2), limit: r.out.Limit,
		commands: commands, replies: passed + 2 + int(one(len(e.watched.versions) > 0)),
	}, again)
	r.client.database = database
	if err != nil {
		return err
	}
	return e.merge(here, reply)
}

// sort writes the commands for a peer, and returns with them how many of the queued ones are
// among them, and the replies to those that are answered here: nil for what the peer replies,
// and empty for what runs later.
func (e *execution) sort() (here [][]byte, commands []byte, passed int) {
	r := e.request
	if len(e.watched.versions) > 0 {
		commands = resp.AppendCommand(commands, e.watched.arguments()...)
	}
	commands = resp.AppendCommand(commands, []byte("MULTI"))
	for i := range e.commands {
		q := &e.commands[i]
		err := r.client.authorizeQueued(q)
		var reply []byte
		switch {
		case err != nil:
			q.err = err
			w := resp.Writer{}
			w.Error(replyOf(err))
			reply = w.Buf
		case q.cmd.runsLater():
			reply = []byte{}
		default:
			if !q.cmd.touchesKeys() { // it is SELECT, which counts here as well
				_ = r.runQueued(q, nil)
				r.out.Buf = r.out.Buf[:e.mark]
			}
			commands = resp.AppendCommand(commands, q.args...)
			passed++
		}
		here = append(here, reply)
	}
	return here, resp.AppendCommand(commands, []byte("EXEC")), passed
}

// arguments are the command for a peer to watch the same keys.
func (w *watchedKeys) arguments() [][]byte {
	args := [][]byte{[]byte("PEER"), []byte("WATCH")}
	for key, version := range w.versions {
		args = append(args, strconv.AppendInt(nil, int64(key.database), 10), []byte(key.key), strconv.AppendUint(nil, version, 10))
	}
	return args
}

// merge replies what was answered here and by the peer, in the order of the commands.
func (e *execution) merge(here [][]byte, reply []byte) error {
	r := e.request
	switch {
	case reply[0] == '-':
		return Error(bytes.TrimSpace(reply[1:]))
	case reply[0] == '_', bytes.HasPrefix(reply, []byte("*-")):
		return errWatched
	}
	in := bufio.NewReader(bytes.NewReader(reply))
	if _, err := in.ReadSlice('\n'); err != nil { // the head of the array
		return errors.Join(errUnknown, err)
	}
	r.out.Array(len(here))
	for i, own := range here {
		switch {
		case own == nil:
			var err error
			if r.out.Buf, err = resp.AppendReply(r.out.Buf, in, r.out.Limit); err != nil {
				return errors.Join(errUnknown, err)
			}
		case len(own) == 0:
			e.later = append(e.later, laterCommand{&e.commands[i], len(r.out.Buf), len(r.events), r.out.Proto, r.client.identity})
		default:
			r.out.Buf = append(r.out.Buf, own...)
		}
	}
	return nil
}
