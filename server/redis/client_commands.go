package redis

import (
	"strings"
)

// clientAdmin and clientSelf are the flags of subcommands that concern other clients, and
// of those that concern the client itself.
const (
	clientAdmin = flagAdmin | flagNoScript | flagLoading | flagStale
	clientSelf  = flagNoScript | flagLoading | flagStale
)

func clientCommands() []*Command {
	return []*Command{
		{Name: "client", Arity: -2, Group: "connection",
			Summary: "A container for client connection commands.", Since: "2.4.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(append(clientSelfCommands(), clientAdminCommands()...)...)},
	}
}

func clientSelfCommands() []*Command {
	return []*Command{
		{Name: "id", Arity: 2, Flags: clientSelf, Group: "connection",
			Summary: "Returns the number of the connection.", Since: "5.0.0", Complexity: "O(1)", run: clientID},
		{Name: "info", Arity: 2, Flags: clientSelf, Group: "connection",
			Summary: "Returns information about the connection.", Since: "6.2.0", Complexity: "O(1)", run: clientInfo},
		{Name: "getname", Arity: 2, Flags: clientSelf, Group: "connection",
			Summary: "Returns the name of the connection.", Since: "2.6.9", Complexity: "O(1)", run: clientGetName},
		{Name: "setname", Arity: 3, Flags: clientSelf, Group: "connection", Syntax: "<name>",
			Summary: "Sets the name of the connection.", Since: "2.6.9", Complexity: "O(1)", run: clientSetName},
		{Name: "reply", Arity: 3, Flags: clientSelf, Group: "connection", Syntax: "(ON|OFF|SKIP)",
			Summary: "Tells the server whether to reply to commands.", Since: "3.2.0", Complexity: "O(1)", run: clientReply},
		{Name: "tracking", Arity: -3, Flags: clientSelf, Group: "connection", Syntax: "(ON|OFF) [<option> ...]",
			Summary: "Controls tracking for caches of clients, which this server has not.", Since: "6.0.0", Complexity: "O(1)", run: clientTracking},
		{Name: "trackinginfo", Arity: 2, Flags: clientSelf, Group: "connection",
			Summary: "Returns the state of tracking, which is off.", Since: "6.2.0", Complexity: "O(1)", run: clientTrackingInfo},
		{Name: "getredir", Arity: 2, Flags: clientSelf, Group: "connection",
			Summary: "Returns to which client tracking is redirected: -1, to none.", Since: "6.0.0", Complexity: "O(1)", run: clientGetRedir},
		{Name: "caching", Arity: 3, Flags: clientSelf, Group: "connection", Syntax: "(YES|NO)",
			Summary: "Tells whether to track the keys of the next command, which needs tracking.", Since: "6.0.0", Complexity: "O(1)", run: clientCaching},
	}
}

func clientAdminCommands() []*Command {
	return []*Command{
		{Name: "list", Arity: -2, Flags: clientAdmin, Group: "connection", Syntax: "[TYPE (NORMAL|PUBSUB|REPLICA|MASTER)|ID <client-id> [<client-id> ...]]",
			Summary: "Lists the connections.", Since: "2.4.0", Complexity: "O(N) where N is the number of client connections", run: clientList},
		{Name: "kill", Arity: -3, Flags: clientAdmin, Group: "connection", Syntax: "(<ip:port>|(ID <client-id>|TYPE (NORMAL|PUBSUB|REPLICA|MASTER)|USER <username>|ADDR <ip:port>|LADDR <ip:port>|SKIPME (YES|NO)) ...)",
			Summary: "Ends connections: that of an address, or those of ID, TYPE, USER, ADDR, LADDR and SKIPME.", Since: "2.4.0", Complexity: "O(N) where N is the number of client connections", run: clientKill},
		{Name: "unblock", Arity: -3, Flags: clientAdmin, Group: "connection", Syntax: "<client-id> [TIMEOUT|ERROR]",
			Summary: "Unblocks a client that waits in a blocking command.", Since: "5.0.0", Complexity: "O(1)", run: clientUnblock},
		{Name: "no-evict", Arity: 3, Flags: clientAdmin, Group: "connection", Syntax: "(ON|OFF)",
			Summary: "Protects the connection from being ended for want of memory.", Since: "7.0.0", Complexity: "O(1)", run: clientNoEvict},
		{Name: "pause", Arity: -3, Flags: clientAdmin, Group: "connection", Syntax: "<milliseconds> [WRITE|ALL]",
			Summary: "Holds up the commands of all clients for some time.", Since: "2.9.50", Complexity: "O(1)", run: clientPause},
		{Name: "unpause", Arity: 2, Flags: clientAdmin, Group: "connection",
			Summary: "Ends a pause.", Since: "6.2.0", Complexity: "O(N) where N is the number of paused clients", run: clientUnpause},
	}
}

func clientID(r *Request) error {
	r.out.Int(r.client.id)
	return nil
}

func clientInfo(r *Request) error {
	r.out.Verbatim("txt", r.describe(r.client)+"\n")
	return nil
}

func clientGetName(r *Request) error {
	if name := r.client.clientName(); name != "" {
		r.out.BulkString(name)
	} else {
		r.out.Null()
	}
	return nil
}

func clientSetName(r *Request) error {
	if err := r.client.setName(r.args[2]); err != nil {
		return err
	}
	r.out.OK()
	return nil
}

// clientList is CLIENT LIST [TYPE type | ID id ...].
func clientList(r *Request) error {
	wanted := r.server.clients.list()
	switch {
	case len(r.args) == 2:
	case len(r.args) == 4 && is(r.args[2], "TYPE"):
		kind, err := parseClientType(r.args[3])
		if err != nil {
			return err
		}
		wanted = filtered(wanted, func(c *Client) bool { return c.shown.Load().kind() == kind })
	case len(r.args) > 3 && is(r.args[2], "ID"):
		ids := make(map[int64]bool)
		for _, arg := range r.args[3:] {
			id, ok := parseInteger(arg)
			if !ok {
				return Error("ERR Invalid client ID")
			}
			ids[id] = true
		}
		wanted = filtered(wanted, func(c *Client) bool { return ids[c.id] })
	default:
		return errSyntax
	}
	var lines strings.Builder
	for _, c := range wanted {
		lines.WriteString(r.describe(c))
		lines.WriteByte('\n')
	}
	r.out.Verbatim("txt", lines.String())
	return nil
}

// filtered are those of a list that are wanted.
func filtered(list []*Client, wants func(*Client) bool) []*Client {
	var kept []*Client
	for _, c := range list {
		if wants(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// clientUnblock replies that there was nobody to unblock: no command here blocks.
func clientUnblock(r *Request) error {
	if len(r.args) > 4 {
		return r.wrongSubcommand()
	}
	if len(r.args) == 4 && !is(r.args[3], "TIMEOUT") && !is(r.args[3], "ERROR") {
		return Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
	}
	if _, err := r.int(2); err != nil {
		return err
	}
	r.out.Int(0)
	return nil
}

// clientNoEvict keeps what it is told. No client is ended here for want of memory.
func clientNoEvict(r *Request) error {
	switch {
	case is(r.args[2], "ON"):
		r.client.noEvict.Store(true)
	case is(r.args[2], "OFF"):
		r.client.noEvict.Store(false)
	default:
		return errSyntax
	}
	r.out.OK()
	return nil
}

// clientTracking refuses to track: it is off, and stays so.
func clientTracking(r *Request) error {
	if err := r.checkTrackingOptions(); err != nil {
		return err
	}
	switch {
	case is(r.args[2], "OFF"):
		r.out.OK()
		return nil
	case is(r.args[2], "ON"):
		return Error("ERR This server does not track the keys that clients have read")
	}
	return errSyntax
}

// checkTrackingOptions looks at what comes behind ON or OFF, of which nothing is used.
func (r *Request) checkTrackingOptions() error {
	for i := 3; i < len(r.args); i++ {
		switch option := r.args[i]; {
		case is(option, "BCAST"), is(option, "OPTIN"), is(option, "OPTOUT"), is(option, "NOLOOP"):
		case (is(option, "REDIRECT") || is(option, "PREFIX")) && i+1 < len(r.args):
			i++
		default:
			return errSyntax
		}
	}
	return nil
}

func clientTrackingInfo(r *Request) error {
	r.out.Map(3)
	r.out.BulkString("flags")
	r.out.Set(1)
	r.out.BulkString("off")
	r.out.BulkString("redirect")
	r.out.Int(-1)
	r.out.BulkString("prefixes")
	r.out.Array(0)
	return nil
}

func clientGetRedir(r *Request) error {
	r.out.Int(-1)
	return nil
}

func clientCaching(*Request) error {
	return Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
}
