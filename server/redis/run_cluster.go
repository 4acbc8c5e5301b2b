package redis

import (
	"bufio"
	"bytes"
	"strings"
	"sync"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// In a cluster a run of a pipeline is dealt out to the shards of its keys, all of which work on
// their legs at the same time: so it takes about as long as one command.

// leg is what of a run concerns one shard.
type leg struct {
	shard   int
	items   []int    // of the run, in order
	command [][]byte // MGET or MSET of them all
	values  mantisdb.Values
	replies []byte // to an MGET by a peer, behind the head of the array
	err     error
}

// clusterRunOf is runOf in a cluster.
func (s *Server) clusterRunOf(c *Client, args [][]byte) runner {
	switch {
	case len(args) == 2 && is(args[0], "GET") && !s.notifications.wantsExistence():
		return (*Client).runAcross
	case len(args) == 3 && is(args[0], "SET") && !s.notifications.any():
		return (*Client).runAcross
	}
	return nil
}

// runAcross answers GETs in a row, or SETs.
func (c *Client) runAcross(args [][]byte) (next [][]byte, err error) {
	arity, cmd := len(args), c.server.get
	if arity == 3 {
		cmd = c.server.set
	}
	name := strings.ToUpper(cmd.Name)
	c.run.begin(args)
	items := [][]byte{}
	size := 0
	for {
		items = append(items, args[1:]...)
		size += len(args[arity-1])
		next, err = c.in.Next()
		if err != nil || len(items) >= longestRun*(arity-1) || size >= longestBatch ||
			len(next) != arity || !is(next[0], name) {
			break
		}
		args = next
	}
	n := len(items) / (arity - 1)
	if n == 1 || !c.answerRun(cmd, items) {
		following := bytesOf(next) // which the parser keeps in the same slice
		for i := range n {
			c.perform(cmd, append([][]byte{[]byte(name)}, items[i*(arity-1):][:arity-1]...))
			if len(c.out.Buf) >= sendFrom && c.flush() != nil {
				break
			}
		}
		next = following
	}
	return next, err
}

// bytesOf is a copy of the slice of arguments, whose bytes stay where they are.
func bytesOf(args [][]byte) [][]byte {
	if args == nil {
		return nil
	}
	return append([][]byte{}, args...)
}

// answerRun answers a run of keys, or of keys and values. If it returns false, nothing was
// done but reads: each command is to be answered by itself.
func (c *Client) answerRun(cmd *Command, items [][]byte) bool {
	writes := cmd == c.server.set
	width := 1
	if writes {
		width = 2
	}
	n := len(items) / width
	legs := map[int]*leg{}
	of := make([]*leg, n)
	for i := range n {
		key := items[i*width]
		if mantisdb.CheckKey(key) != nil {
			return false
		}
		shard := c.server.routing.shardOf(key)
		l := legs[shard]
		if l == nil {
			l = &leg{shard: shard, command: [][]byte{[]byte("M" + strings.ToUpper(cmd.Name))}}
			legs[shard] = l
		}
		l.items = append(l.items, i)
		l.command = append(l.command, items[i*width:][:width]...)
		of[i] = l
	}
	if c.redirects() && !c.server.routing.leads(legs) {
		return false
	}
	c.lastCmd.Store(cmd)
	var walking sync.WaitGroup
	for _, l := range legs {
		walking.Go(func() { l.err = c.walk(l, writes) })
	}
	walking.Wait()
	if !writes {
		for _, l := range legs {
			if l.err != nil {
				return false
			}
		}
	}
	c.server.accountRun(c, cmd, n, c.replyRun(of, writes))
	return true
}

// leads tells whether this node leads the shards of all legs.
func (x *routing) leads(legs map[int]*leg) bool {
	for shard := range legs {
		if x.member.Route(shard).DB == nil {
			return false
		}
	}
	return true
}

// walk does a leg where its shard is served. It runs beside others of the client, and so
// touches nothing of it that changes.
func (c *Client) walk(l *leg, writes bool) error {
	if c.readOnly && !writes {
		if done, err := c.walkStale(l); done {
			return err
		}
	}
	return c.reach(l.shard, func(route *cluster.Route) error {
		if route.DB == nil {
			return c.walkAt(l, route, writes)
		}
		p, err := c.server.routing.part(l.shard, route)
		if err != nil {
			return outcome(err, !writes)
		}
		ks, err := p.open(c.database)
		if err != nil {
			return outcome(err, !writes)
		}
		if !writes {
			return outcome(l.read(ks), true)
		}
		b := &mantisdb.Batch{}
		for i := 1; i < len(l.command); i += 2 {
			if err := b.In(ks).Put(l.command[i], l.command[i+1]); err != nil {
				return err
			}
		}
		return outcome(p.db.WriteWith(b, mantisdb.WriteOptions{}), false)
	})
}

// read reads the keys of a leg.
func (l *leg) read(ks *mantisdb.Keyspace) error {
	l.values.SetLimit(longestReply)
	return ks.MultiGetInto(&l.values, l.command[1:])
}

// walkAt is walk at the peer that a route leads to.
func (c *Client) walkAt(l *leg, route *cluster.Route, writes bool) error {
	reply, err := c.server.routing.send(l.shard, route, nil, &call{
		commands: resp.AppendCommand(nil, l.command...), replies: 1,
		database: c.database, proto: max(c.out.Proto, 2), limit: c.out.Limit,
	}, !writes)
	switch {
	case err != nil:
		return err
	case reply[0] == '-':
		return Error(bytes.TrimSpace(reply[1:]))
	}
	_, l.replies, _ = bytes.Cut(reply, []byte("\r\n"))
	return nil
}

// replyRun replies what the legs have brought, in the order of the commands, and tells how
// many were refused. of is the leg of each.
func (c *Client) replyRun(of []*leg, writes bool) (failed int) {
	at := map[*leg]int{}
	replies := map[*leg]*bufio.Reader{}
	for _, l := range of {
		i := at[l]
		at[l]++
		switch {
		case l.err != nil:
			c.replyError(l.err)
			failed++
		case writes:
			c.out.OK()
		case l.replies != nil:
			if replies[l] == nil {
				replies[l] = bufio.NewReader(bytes.NewReader(l.replies))
			}
			var err error
			if c.out.Buf, err = resp.AppendReply(c.out.Buf, replies[l], len(c.out.Buf)+len(l.replies)); err != nil {
				c.replyError(errUnknown)
				failed++
			}
		default:
			if value, found := l.values.At(i); found {
				c.out.Bulk(value)
			} else {
				c.out.Null()
			}
		}
	}
	return failed
}
