package redis

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb/cluster"
)

func clusterCommands() []*Command {
	return []*Command{
		{Name: "cluster", Arity: -2, Group: "cluster", Summary: "A container for commands about the cluster.", Since: "3.0.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(append(slotCommands(),
				&Command{Name: "info", Arity: 2, Flags: flagLoading | flagStale, Group: "cluster", Summary: "Tells how the cluster is.", Since: "3.0.0", Complexity: "O(1)", run: inCluster(clusterInfo)},
				&Command{Name: "myid", Arity: 2, Flags: flagLoading | flagStale, Group: "cluster", Summary: "Returns the identifier of this node.", Since: "3.0.0", Complexity: "O(1)", run: inCluster(clusterMyID)},
				&Command{Name: "nodes", Arity: 2, Flags: flagLoading | flagStale, Group: "cluster", Summary: "Lists the nodes and the slots that they serve.", Since: "3.0.0", Complexity: "O(N) where N is the number of nodes", run: inCluster(clusterNodes)},
				&Command{Name: "slots", Arity: 2, Flags: flagLoading | flagStale, Group: "cluster", Summary: "Tells which nodes serve which slots.", Since: "3.0.0", Complexity: "O(N) where N is the number of shards", run: inCluster(clusterSlots)},
				&Command{Name: "shards", Arity: 2, Flags: flagLoading | flagStale, Group: "cluster", Summary: "Tells which slots the shards have, and which nodes.", Since: "7.0.0", Complexity: "O(N) where N is the number of shards", run: inCluster(clusterShards)},
				&Command{Name: "keyslot", Arity: 3, Flags: flagLoading | flagStale, Group: "cluster", Syntax: "<string>", Summary: "Returns the slot of a key.", Since: "3.0.0", Complexity: "O(N) where N is the number of bytes in the key", run: inCluster(clusterKeySlot)},
			)...)},
		{Name: "readonly", Arity: 1, Flags: flagFast | flagLoading | flagStale, Group: "cluster", Summary: "Has reads be answered by replicas, as of some seconds ago at most.", Since: "3.0.0", Complexity: "O(1)", run: inCluster(readOnly)},
		{Name: "readwrite", Arity: 1, Flags: flagFast | flagLoading | flagStale, Group: "cluster", Summary: "Takes READONLY back.", Since: "3.0.0", Complexity: "O(1)", run: inCluster(readWrite)},
		{Name: "asking", Arity: 1, Flags: flagFast, Group: "cluster", Summary: "Tells that the next command was sent here by another node.", Since: "3.0.0", Complexity: "O(1)", run: inCluster(redirected)},
	}
}

// inCluster is a function of a command that there is in a cluster alone.
func inCluster(run func(*Request) error) func(*Request) error {
	return func(r *Request) error {
		if r.server.routing == nil {
			return errNoCluster
		}
		return run(r)
	}
}

const errNoCluster Error = "ERR This instance has cluster support disabled"

func acknowledged(r *Request) error {
	r.out.OK()
	return nil
}

// redirected is a command of clients that know the cluster: they are told from now on where a
// key is served that is not served here.
func redirected(r *Request) error {
	r.client.knowsCluster = true
	return acknowledged(r)
}

func clusterMyID(r *Request) error {
	r.out.BulkString(nodeName(r.server.routing.member.Topology().Self))
	return nil
}

func clusterKeySlot(r *Request) error {
	r.out.Int(int64(cluster.Slot(r.args[2])))
	return nil
}

// nodeName is the identifier of a node: 40 hexadecimal digits, as Redis has it.
func nodeName(id cluster.NodeID) string { return fmt.Sprintf("%040x", uint64(id)) }

// endpoint is the address of a node for clients that know the cluster.
func endpoint(n *cluster.Node) (host string, port int) {
	host, text, err := net.SplitHostPort(n.ForRedisCluster())
	if err != nil {
		return n.ForRedisCluster(), 0
	}
	port, _ = strconv.Atoi(text) // a name of a service is no port to tell
	return host, port
}

func clusterInfo(r *Request) error {
	t := r.server.routing.member.Topology()
	led, term := 0, uint64(0)
	leaders := map[cluster.NodeID]bool{}
	for shard := range t.Shards {
		s := &t.Shards[shard]
		term = max(term, s.Term)
		if s.Leader != 0 {
			first, last := t.Slots(shard)
			led += int(last) - int(first) + 1
			leaders[s.Leader] = true
		}
	}
	state := "ok"
	if led < cluster.SlotCount {
		state = "fail"
	}
	var text strings.Builder
	for _, line := range []struct {
		name  string
		value any
	}{
		{"cluster_enabled", 1}, {"cluster_state", state}, {"cluster_slots_assigned", cluster.SlotCount}, {"cluster_slots_ok", led},
		{"cluster_slots_pfail", 0}, {"cluster_slots_fail", cluster.SlotCount - led},
		{"cluster_known_nodes", len(t.Nodes)}, {"cluster_size", len(leaders)},
		{"cluster_current_epoch", term}, {"cluster_my_epoch", term},
	} {
		fmt.Fprintf(&text, "%s:%v\r\n", line.name, line.value)
	}
	r.out.Verbatim("txt", text.String())
	return nil
}

// clusterNodes is CLUSTER NODES. A node that leads no shard is told of as a master without
// slots: nodes replicate shards and not each other.
func clusterNodes(r *Request) error {
	t := r.server.routing.member.Topology()
	list, err := masters(t)
	if err != nil {
		return err
	}
	var text strings.Builder
	for i := range t.Nodes {
		n := &t.Nodes[i]
		flags, link := "master", "connected"
		if n.ID == t.Self {
			flags = "myself,master"
		} else if n.State == cluster.NodeDead || !n.Reachable {
			flags, link = "master,fail", "disconnected"
		}
		_, peerPort, _ := net.SplitHostPort(n.Peer)
		term := uint64(0)
		var slots strings.Builder
		for shard, master := range list {
			if master.ID == n.ID {
				first, last := t.Slots(shard)
				fmt.Fprintf(&slots, " %s", slotRange(first, last))
				term = max(term, t.Shards[shard].Term)
			}
		}
		fmt.Fprintf(&text, "%s %s@%s %s - 0 0 %d %s%s\n", nodeName(n.ID), n.ForRedisCluster(), cmp.Or(peerPort, "0"), flags, term, link, slots.String())
	}
	r.out.Verbatim("txt", text.String())
	r.client.knowsCluster = true
	return nil
}

func slotRange(first, last uint16) string {
	if first == last {
		return strconv.Itoa(int(first))
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// masters are the masters of all shards, in order, as clients that know the cluster are told them.
func masters(t *cluster.Topology) ([]*cluster.Node, error) {
	list := make([]*cluster.Node, len(t.Shards))
	for shard := range list {
		if list[shard] = masterOf(t, shard); list[shard] == nil {
			return nil, errNoLeader // this node has yet to learn of any
		}
	}
	return list, nil
}

// masterOf is the node that such clients are told as the master of a shard: who leads it. While nobody is known to, it is another that can be reached, which passes commands on
// as soon as somebody leads: such clients take a slot that is not told of for a cluster that is
// out of order, and give up. Redis, too, tells of a master that failed until another follows it.
// The other replicas are not told of, since such clients take each node for a master or a
// replica, and here each is both.
func masterOf(t *cluster.Topology, shard int) *cluster.Node {
	s := &t.Shards[shard]
	if leader := t.Node(s.Leader); leader != nil {
		return leader
	}
	for _, id := range s.Replicas {
		if n := t.Node(id); n != nil && n.Reachable {
			return n
		}
	}
	if self := t.Node(t.Self); self != nil && self.State != cluster.NodeDead {
		return self
	}
	return nil
}

// clusterSlots is CLUSTER SLOTS.
func clusterSlots(r *Request) error {
	t := r.server.routing.member.Topology()
	list, err := masters(t)
	if err != nil {
		return err
	}
	r.out.Array(len(list))
	for shard, n := range list {
		first, last := t.Slots(shard)
		host, port := endpoint(n)
		r.out.Array(3)
		r.out.Int(int64(first))
		r.out.Int(int64(last))
		r.out.Array(4)
		r.out.BulkString(host)
		r.out.Int(int64(port))
		r.out.BulkString(nodeName(n.ID))
		r.out.Array(0)
	}
	r.client.knowsCluster = true
	return nil
}

func clusterShards(r *Request) error {
	t := r.server.routing.member.Topology()
	list, err := masters(t)
	if err != nil {
		return err
	}
	r.out.Array(len(list))
	for shard, n := range list {
		first, last := t.Slots(shard)
		r.out.Map(2)
		r.out.BulkString("slots")
		r.out.Array(2)
		r.out.Int(int64(first))
		r.out.Int(int64(last))
		r.out.BulkString("nodes")
		r.out.Array(1)
		r.replyMaster(n)
	}
	r.client.knowsCluster = true
	return nil
}

func (r *Request) replyMaster(n *cluster.Node) {
	host, port := endpoint(n)
	health := "online"
	if !n.Reachable {
		health = "fail"
	}
	r.out.Map(7)
	for _, field := range [][2]string{{"id", nodeName(n.ID)}, {"ip", host}, {"endpoint", host}, {"role", "master"}, {"health", health}} {
		r.out.BulkString(field[0])
		r.out.BulkString(field[1])
	}
	r.out.BulkString("port")
	r.out.Int(int64(port))
	r.out.BulkString("replication-offset")
	r.out.Int(0)
}

// redirects are when a client is told where a key is served, instead of being answered.
const (
	redirectAuto   = "auto" // if the client knows the cluster
	redirectAlways = "always"
	redirectNever  = "never"
)

var redirectModes = []string{redirectAuto, redirectAlways, redirectNever}

// redirects tells whether the client is sent to where a key is served.
func (c *Client) redirects() bool {
	if c.isPeer {
		return false
	}
	mode := *c.server.routing.redirect.Load()
	return mode == redirectAlways || mode == redirectAuto && c.knowsCluster
}

// setRedirect sets the mode.
func (x *routing) setRedirect(mode string) error {
	if !slices.Contains(redirectModes, mode) {
		return Error("argument must be one of the following: " + strings.Join(redirectModes, ", "))
	}
	x.redirect.Store(&mode)
	return nil
}

// movedTo is what a client is told that is sent to where a slot is served.
func (x *routing) movedTo(slot uint16, leader cluster.NodeID) error {
	n := x.member.Topology().Node(leader)
	if n == nil {
		return errMoved
	}
	return Error(fmt.Sprintf("MOVED %d %s", slot, n.ForRedisCluster()))
}

// redirectParameter is cluster-redirect, which without a cluster is of no effect.
func (s *Server) redirectParameter() *parameter {
	p := fixed("cluster-redirect", "when a client is told where a key is served, instead of being answered: auto, always, never", func(*Request) string {
		if s.routing == nil {
			return redirectNever
		}
		return *s.routing.redirect.Load()
	})
	if s.routing != nil {
		p.set = func(_ *Request, value string) error { return s.routing.setRedirect(value) }
	}
	return p
}

// mode is what HELLO and INFO tell of the kind of server.
func (s *Server) mode() string {
	if s.routing != nil {
		return "cluster"
	}
	return "standalone"
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
