package redis

import (
	"errors"
	"strings"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// attemptInCluster is attempt where the command's keys are served. What concerns no key is
// executed here.
func (c *Client) attemptInCluster(cmd *Command, args [][]byte, mark int) error {
	x := c.server.routing
	if cmd.across != nil && !c.isPeer {
		c.request = Request{client: c, server: c.server, cmd: cmd, args: args, out: &c.out, now: c.request.now, events: c.request.events[:0]}
		return cmd.across(&c.request)
	}
	if cmd.Name == "watch" { // which asks by itself where its keys are
		return c.attempt(cmd, args, mark)
	}
	shard, err := x.shardOfAll(cmd.Keys.of(args))
	if err != nil {
		return err
	}
	if shard == noShard {
		return c.attempt(cmd, args, mark)
	}
	if leader, sent := c.sentAway[shard]; sent {
		return x.movedTo(cluster.Slot(cmd.Keys.of(args)[0]), leader)
	}
	if c.mayReadStale(cmd) {
		if done, err := c.attemptStale(shard, cmd, args, mark); done {
			return err
		}
	}
	again := !cmd.has(flagWrite)
	return c.reach(shard, func(route *cluster.Route) error {
		if route.DB != nil {
			return outcome(c.attemptUpon(shard, route, cmd, args, mark), again)
		}
		c.request = Request{client: c, server: c.server, cmd: cmd, args: args, out: &c.out, now: c.request.now, events: c.request.events[:0]}
		c.out.Buf = c.out.Buf[:mark]
		if c.redirects() && x.serves(route.Leader, shard) {
			return c.sendAway(shard, cluster.Slot(cmd.Keys.of(args)[0]), route.Leader)
		}
		return c.pass(shard, route, &call{commands: resp.AppendCommand(nil, args...), replies: 1}, again)
	})
}

// serves tells whether a node has itself told that it serves a shard. One that is about to could
// send a client back, who gives up after a few times.
func (x *routing) serves(leader cluster.NodeID, shard int) bool {
	return leader != 0 && x.member.Topology().Shards[shard].Leader == leader
}

// sendAway tells the client which node leads a shard. What else is in its pipeline for the shard
// is sent there too, even if this node leads it meanwhile, so that it is carried out in its order.
func (c *Client) sendAway(shard int, slot uint16, leader cluster.NodeID) error {
	err := c.server.routing.movedTo(slot, leader)
	if !errors.Is(err, errMoved) {
		if c.sentAway == nil {
			c.sentAway = map[int]cluster.NodeID{}
		}
		c.sentAway[shard] = leader
	}
	return err
}

// reach is routing.reach, unless the client is a peer: that knows by itself where to look.
func (c *Client) reach(shard int, do func(*cluster.Route) error) error {
	x := c.server.routing
	if !c.isPeer {
		return x.reach(shard, do)
	}
	route := x.member.Route(shard)
	if route.DB == nil {
		return refusePeer(route)
	}
	err := do(route)
	if errors.Is(err, errMoved) {
		return refusePeer(&cluster.Route{})
	}
	return err
}

// attemptUpon is attempt upon the part that a route leads to.
func (c *Client) attemptUpon(shard int, route *cluster.Route, cmd *Command, args [][]byte, mark int) error {
	return c.upon(shard, route, func() error { return c.attempt(cmd, args, mark) })
}

// upon does something with the part that a route leads to as the client's, again if a
// database of it was dropped meanwhile.
func (c *Client) upon(shard int, route *cluster.Route, do func() error) error {
	p, err := c.server.routing.part(shard, route)
	if err != nil {
		return err
	}
	if _, err := p.open(c.database); err != nil {
		return err
	}
	c.part = p
	defer func() { c.part = nil }()
	err = do()
	if c.server.renewed(p, err) {
		err = do()
	}
	return err
}

// pass has the peer that a route leads to answer, and appends its reply to the client's. An
// error that it replies is returned.
func (c *Client) pass(shard int, route *cluster.Route, x *call, again bool) error {
	mark := len(c.out.Buf)
	x.database, x.proto, x.limit = c.database, max(c.out.Proto, 2), c.out.Limit
	reply, err := c.server.routing.send(shard, route, c.out.Buf, x, again)
	if err != nil {
		return err
	}
	c.out.Buf = reply
	if reply[mark] == '-' {
		text := string(reply[mark+1 : len(reply)-2])
		c.out.Buf = reply[:mark]
		return Error(text)
	}
	return nil
}

// send has the peer that a route leads to answer, and appends the reply to dst. It is
// errMoved if that does not serve the shard, or cannot be reached.
func (x *routing) send(shard int, route *cluster.Route, dst []byte, e *call, again bool) ([]byte, error) {
	x.forget(shard)
	if route.Peer == "" {
		return dst, errMoved
	}
	e.waitsFor = func() bool { return x.ctx.Err() == nil && x.member.Route(shard).Peer == route.Peer }
	mark := len(dst)
	reply, err := x.peers.at(route.Peer).exchange(x.ctx, dst, e)
	switch {
	case errors.Is(err, errUnsent), errors.Is(err, errUnanswered) && again:
		return dst, errors.Join(errMoved, err)
	case errors.Is(err, errUnanswered):
		return dst, errUnknown
	case errors.Is(err, resp.ErrReplyTooLong):
		return dst, errReplyTooLong
	case err != nil:
		return dst, err
	case strings.HasPrefix(string(reply[mark:min(len(reply), mark+1+len(notLeader))]), "-"+notLeader):
		return dst, errMoved
	}
	return reply, nil
}
