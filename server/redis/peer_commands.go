package redis

import (
	"bufio"
	"bytes"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// peerCommands are those that nodes have for each other alone.
func peerCommands() *Command {
	peer := &Command{Name: "peer", Arity: -2, Group: "cluster", Summary: "What nodes ask each other.", Subcommands: subcommands(
		// PEER AT shard command [argument ...]: a command that concerns a whole shard.
		&Command{Name: "at", Arity: -4, run: peerAt},
		// PEER SCAN from pattern count: the keys of a shard that SCAN looks at, and before
		// them the one that comes after them, empty at the end.
		&Command{Name: "scan", Arity: 5, Flags: flagReadonly, run: peerScan},
		// PEER VERSIONS key [key ...]: the versions of keys, 0 for what there is not.
		&Command{Name: "versions", Arity: -3, Flags: flagReadonly, Keys: KeySpec{2, -1, 1}, run: peerVersions},
		// PEER WATCH [database key version ...]: watches keys as of versions.
		&Command{Name: "watch", Arity: -2, run: peerWatch},
	)}
	for _, sub := range peer.Subcommands {
		sub.complete(peer.Name, 1)
	}
	return peer
}

// shardArgument is an argument as the number of a shard.
func (r *Request) shardArgument(i int) (int, error) {
	n, ok := parseInteger(r.args[i])
	if !ok || n < 0 || n >= int64(len(r.server.routing.parts)) {
		return 0, errSyntax
	}
	return int(n), nil
}

func peerAt(r *Request) error {
	shard, err := r.shardArgument(2)
	if err != nil {
		return err
	}
	c, args := r.client, r.args[3:]
	cmd, err := c.resolve(args)
	if err != nil {
		return err
	}
	return c.reach(shard, func(route *cluster.Route) error {
		return outcome(c.attemptUpon(shard, route, cmd, args, len(c.out.Buf)), !cmd.has(flagWrite))
	})
}

func peerScan(r *Request) error {
	count, err := r.int(4)
	if err != nil {
		return err
	}
	keys := rangeOf(string(r.args[3]))
	if from := r.args[2]; string(from) > string(keys.Start) {
		keys.Start = from
	}
	begin := len(r.out.Buf)
	r.out.Array(2)
	head := len(r.out.Buf)
	var rest string
	err = r.replyKeys(func(reply func(key []byte)) (err error) {
		rest, err = r.scanSome(keys, scanOptions{pattern: string(r.args[3]), count: count}, reply)
		return err
	})
	if err != nil {
		r.out.Buf = r.out.Buf[:begin]
		return err
	}
	r.out.InsertBulk(head, []byte(rest))
	return nil
}

func peerVersions(r *Request) error {
	r.out.Array(len(r.args) - 2)
	for _, key := range r.args[2:] {
		_, meta, err := r.keys().AppendGetMeta(nil, key)
		if err != nil && !isNotFound(err) {
			return err
		}
		r.out.BulkString(strconv.FormatUint(meta.Version, 10))
	}
	return nil
}

func peerWatch(r *Request) error {
	watched := r.args[2:]
	if len(watched)%3 != 0 {
		return errSyntax
	}
	for ; len(watched) > 0; watched = watched[3:] {
		database, ok := parseInteger(watched[0])
		version, err := strconv.ParseUint(string(watched[2]), 10, 64)
		if !ok || database < 0 || database >= databaseCount || err != nil {
			return errSyntax
		}
		r.client.watched.add(watchedKey{int(database), string(watched[1])}, version)
	}
	r.out.OK()
	return nil
}

// atShard runs a command that concerns a whole shard where that is served, and returns its
// reply.
func (r *Request) atShard(shard int, cmd *Command, args ...[]byte) ([]byte, error) {
	c := r.client
	whole := append([][]byte{[]byte("PEER"), []byte("AT"), strconv.AppendInt(nil, int64(shard), 10)}, args...)
	again := !cmd.has(flagWrite)
	mark := len(c.out.Buf)
	saved := *r
	defer func() { c.request = saved }()
	var reply []byte
	err := c.reach(shard, func(route *cluster.Route) error {
		c.out.Buf = c.out.Buf[:mark]
		var err error
		if route.DB == nil {
			err = c.pass(shard, route, &call{commands: resp.AppendCommand(nil, whole...), replies: 1}, again)
		} else {
			err = outcome(c.attemptUpon(shard, route, cmd, args, mark), again)
		}
		reply = bytes.Clone(c.out.Buf[mark:])
		return err
	})
	saved.events = append(saved.events, c.request.events...)
	c.out.Buf = c.out.Buf[:mark]
	return reply, err
}

// shards are those that a command concerns which is about all keys. For a client that asks each
// node, they are those that this one leads.
func (r *Request) shards() []int {
	x := r.server.routing
	return slices.DeleteFunc(x.all(), func(shard int) bool {
		return r.client.asksEachNode && x.member.Route(shard).DB == nil
	})
}

// eachShard runs the command upon shards, one after the other, and gives the replies.
func (r *Request) eachShard(shards []int, do func(reply []byte) error) error {
	cmd, args := r.cmd, r.args
	for _, shard := range shards {
		reply, err := r.atShard(shard, cmd, args...)
		if err == nil {
			err = do(reply)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// databaseSizeAcross is DBSIZE in a cluster: the sum over shards.
func databaseSizeAcross(r *Request) error {
	sum := int64(0)
	err := r.eachShard(r.shards(), func(reply []byte) error {
		n, ok := parseInteger(bytes.TrimSpace(reply[1:]))
		if !ok {
			return errUnknown
		}
		sum += n
		return nil
	})
	if err == nil {
		r.out.Int(sum)
	}
	return err
}

// flushAcross is FLUSHDB and FLUSHALL in a cluster: all shards one by one, whoever asks, so that
// none is left out that changes its leader meanwhile.
func flushAcross(r *Request) error {
	err := r.eachShard(r.server.routing.all(), func([]byte) error { return nil })
	if err == nil {
		r.out.OK()
	}
	return err
}

// keysAcross is KEYS in a cluster: those of one shard after those of the other.
func keysAcross(r *Request) error {
	count, all := 0, []byte(nil)
	limit := r.out.Limit
	err := r.eachShard(r.shards(), func(reply []byte) error {
		head, rest, _ := bytes.Cut(reply, []byte("\r\n"))
		n, ok := parseInteger(head[1:])
		switch {
		case !ok:
			return errUnknown
		case limit > 0 && len(all)+len(rest) > limit:
			return errReplyTooLong
		}
		count += int(n)
		all = append(all, rest...)
		return nil
	})
	if err == nil {
		r.out.Array(count)
		r.out.Buf = append(r.out.Buf, all...)
	}
	return err
}

// randomKeyAcross is RANDOMKEY in a cluster: of a random shard that has keys.
func randomKeyAcross(r *Request) error {
	cmd, args := r.cmd, r.args
	for _, shard := range shuffled(len(r.server.routing.parts)) {
		reply, err := r.atShard(shard, cmd, args...)
		if err != nil {
			return err
		}
		if reply[0] == '$' && reply[1] != '-' {
			r.out.Buf = append(r.out.Buf, reply...)
			return nil
		}
	}
	r.out.Null()
	return nil
}

// scanAcross is SCAN in a cluster: the shards one after the other. A call ends with a shard. Which
// ones they are is known when the scan begins: it goes on in one that another node leads since.
func scanAcross(r *Request) error {
	number, err := parseCursor(r.args[1])
	if err != nil {
		return err
	}
	options, err := r.parseScanOptions()
	if err != nil {
		return err
	}
	at := placeInScan{shards: r.shards()}
	if number != 0 {
		var ok bool
		if at, ok = r.server.cursors.use(number, r.client.database); !ok {
			return errInvalidCursor
		}
	}
	if options.none || len(at.shards) == 0 {
		r.out.Array(2)
		r.out.BulkString("0")
		r.out.Array(0)
		return nil
	}
	count := strconv.AppendInt(nil, min(options.count, math.MaxInt32), 10)
	reply, err := r.atShard(at.shards[0], r.server.peerCommand.Subcommands["scan"], []byte("PEER"), []byte("SCAN"), []byte(at.key), []byte(options.pattern), count)
	if err != nil {
		return err
	}
	rest, keys, err := splitScan(reply)
	if err != nil {
		return err
	}
	next := uint64(0)
	switch {
	case rest != "":
		next = r.server.cursors.add(r.client.database, placeInScan{at.shards, rest}, number)
	case len(at.shards) > 1:
		next = r.server.cursors.add(r.client.database, placeInScan{at.shards[1:], ""}, number)
	}
	r.out.Array(2)
	r.out.BulkString(strconv.FormatUint(next, 10))
	r.out.Buf = append(r.out.Buf, keys...)
	return nil
}

// splitScan is a reply to PEER SCAN.
func splitScan(reply []byte) (rest string, keys []byte, err error) {
	_, body, _ := bytes.Cut(reply, []byte("\r\n"))
	head, body, _ := bytes.Cut(body, []byte("\r\n"))
	n, ok := int64(0), len(head) > 0
	if ok {
		n, ok = parseInteger(head[1:])
	}
	if !ok || n < 0 || int(n)+2 > len(body) {
		return "", nil, errUnknown
	}
	return string(body[:n]), body[n+2:], nil
}

// versionsOf are the versions of keys of the selected database where they are served.
func (r *Request) versionsOf(keys [][]byte) ([]uint64, error) {
	c := r.client
	mark := len(c.out.Buf)
	args := append([][]byte{[]byte("PEER"), []byte("VERSIONS")}, keys...)
	saved := *r
	err := c.attemptInCluster(r.server.peerCommand.Subcommands["versions"], args, mark)
	reply := bytes.Clone(c.out.Buf[mark:])
	c.out.Buf, c.request = c.out.Buf[:mark], saved
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(bytes.NewReader(reply))
	if _, err := in.ReadSlice('\n'); err != nil {
		return nil, err
	}
	versions := make([]uint64, len(keys))
	for i := range versions {
		text, err := resp.AppendReply(nil, in, len(reply))
		if err != nil {
			return nil, err
		}
		_, digits, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\r\n"))
		if versions[i], err = strconv.ParseUint(string(digits), 10, 64); err != nil {
			return nil, errors.Join(errUnknown, err)
		}
	}
	return versions, nil
}

// versionHere is the version of a key of the client's part, 0 for none.
func (r *Request) versionHere(key []byte) (uint64, error) {
	c := r.client
	value, meta, err := r.keyspace().AppendGetMeta(c.run.value[:0], key)
	c.run.keep(value)
	if err != nil && !isNotFound(err) {
		return 0, err
	}
	return meta.Version, nil
}

// publishToPeers brings a message to the subscribers of the other nodes.
func (x *routing) publishToPeers(channel, message []byte) {
	t := x.member.Topology()
	command := resp.AppendCommand(nil, []byte("PUBLISH"), channel, message)
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if n.ID == t.Self || n.Peer == "" || n.State == cluster.NodeDead {
			continue
		}
		x.peers.at(n.Peer).publish(x.ctx, command)
	}
}
