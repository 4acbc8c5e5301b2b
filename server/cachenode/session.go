package cachenode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/server/acl"
)

// redisVersion is that of the Redis whose commands and replies these are.
const redisVersion = "7.0.15"

// connectionCommands are those of a connection and of the server.
func connectionCommands() []*command {
	of := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"fast", "connection"}}
	}
	return []*command{
		{Command: of("ping"), arity: -1, run: ping},
		{Command: of("echo"), arity: 2, run: echo},
		{Command: of("select"), arity: 2, run: selectDatabase},
		{Command: of("auth"), arity: -2, anybody: true, run: auth},
		{Command: of("hello"), arity: -1, anybody: true, run: hello},
		{Command: of("quit"), arity: -1, anybody: true, run: quit},
		{Command: of("client"), arity: -2, run: client},
		{Command: of("command"), arity: -1, run: listCommands},
		{Command: acl.Command{Name: "info", Categories: []string{"slow", "dangerous"}}, arity: -1, run: info},
	}
}

func ping(r *request) error {
	switch len(r.args) {
	case 1:
		r.out.Simple("PONG")
	case 2:
		r.out.Bulk(r.args[1])
	default:
		return replyError("ERR wrong number of arguments for 'ping' command")
	}
	return nil
}

func echo(r *request) error {
	r.out.Bulk(r.args[1])
	return nil
}

// selectDatabase is SELECT: there is one.
func selectDatabase(r *request) error {
	if string(r.args[1]) != "0" {
		return replyError("ERR a distributed cache has the database 0 alone")
	}
	r.out.OK()
	return nil
}

func quit(r *request) error {
	r.out.OK()
	return errQuit
}

// auth is AUTH [username] password.
func auth(r *request) error {
	name, password := acl.DefaultName, string(r.args[1])
	switch {
	case len(r.args) > 3:
		return errSyntax
	case len(r.args) == 3:
		name, password = string(r.args[1]), string(r.args[2])
	}
	if err := r.login(name, password); err != nil {
		return err
	}
	r.out.OK()
	return nil
}

func (r *request) login(name, password string) error {
	since := r.server.users.Changes()
	user := r.server.users.Authenticate(name, password)
	if user == nil {
		r.server.limited.Warn("a client could not authenticate", "client", r.address())
		return replyError("WRONGPASS invalid username-password pair or user is disabled.")
	}
	r.since = since
	r.letIn(user)
	return nil
}

// hello is HELLO [version [AUTH username password] [SETNAME name]].
func hello(r *request) error {
	proto := r.out.Proto
	if len(r.args) > 1 {
		switch string(r.args[1]) {
		case "2":
			proto = 2
		case "3":
			proto = 3
		default:
			return replyError("NOPROTO unsupported protocol version")
		}
	}
	for rest := r.args[min(len(r.args), 2):]; len(rest) > 0; {
		switch word := strings.ToUpper(string(rest[0])); {
		case word == "AUTH" && len(rest) > 2:
			if err := r.login(string(rest[1]), string(rest[2])); err != nil {
				return err
			}
			rest = rest[3:]
		case word == "SETNAME" && len(rest) > 1:
			r.connection.name = string(rest[1])
			rest = rest[2:]
		default:
			return errSyntax
		}
	}
	if r.user == nil {
		return errNoAuth
	}
	r.out.Proto = proto
	r.replyHello()
	return nil
}

func (r *request) replyHello() {
	r.out.Map(7)
	text := func(name, value string) {
		r.out.BulkString(name)
		r.out.BulkString(value)
	}
	text("server", "redis")
	text("version", redisVersion)
	r.out.BulkString("proto")
	r.out.Int(int64(max(r.out.Proto, 2)))
	r.out.BulkString("id")
	r.out.Int(r.id)
	text("mode", "standalone")
	text("role", "master")
	r.out.BulkString("modules")
	r.out.Array(0)
}

// client is what of CLIENT clients send when they connect.
func client(r *request) error {
	switch word := strings.ToUpper(string(r.args[1])); {
	case word == "SETNAME" && len(r.args) == 3:
		r.connection.name = string(r.args[2])
		r.out.OK()
	case word == "GETNAME" && len(r.args) == 2:
		r.bulkOrNull([]byte(r.connection.name), r.connection.name != "")
	case word == "ID" && len(r.args) == 2:
		r.out.Int(r.id)
	default:
		return replyError(fmt.Sprintf("ERR a distributed cache does not serve 'client|%.64s'", strings.ToLower(word)))
	}
	return nil
}

// listCommands is COMMAND COUNT and COMMAND LIST.
func listCommands(r *request) error {
	names := make([]string, 0, len(r.server.commands))
	for name := range r.server.commands {
		names = append(names, name)
	}
	slices.Sort(names)
	switch {
	case len(r.args) == 2 && strings.EqualFold(string(r.args[1]), "COUNT"):
		r.out.Int(int64(len(names)))
	case len(r.args) == 2 && strings.EqualFold(string(r.args[1]), "LIST"):
		r.out.Array(len(names))
		for _, name := range names {
			r.out.BulkString(name)
		}
	default:
		return replyError("ERR a distributed cache serves 'command|count' and 'command|list' alone")
	}
	return nil
}

// info replies figures, all of them whatever sections are asked for.
func info(r *request) error {
	s, err := r.server.cache.Stats()
	if err != nil {
		return err
	}
	var text strings.Builder
	section := func(name string, lines ...any) {
		fmt.Fprintf(&text, "# %s\r\n", name)
		for i := 0; i < len(lines); i += 2 {
			fmt.Fprintf(&text, "%s:%v\r\n", lines[i], lines[i+1])
		}
		text.WriteString("\r\n")
	}
	section("Server", "redis_version", redisVersion, "redis_mode", "standalone", "mantisdb_version", r.server.version)
	section("Clients", "connected_clients", r.server.clients(), "maxclients", r.server.limits.MaxClients)
	section("Memory", "used_memory", s.Engine.MemoryBytes, "maxmemory", s.Engine.MemoryLimit)
	section("Stats", "keyspace_hits", s.Hits, "keyspace_misses", s.Misses, "evicted_keys", s.Engine.Evicted, "expired_keys", s.Engine.Expired)
	section("Replication", "role", "master")
	section("Distributed", "nodes", strings.Join(s.Nodes, ","), "entries_here", s.Engine.Keys, "writes", s.Writes, "unreachable", s.Unreachable, "forgotten", s.Forgotten)
	r.out.Verbatim("txt", text.String())
	return nil
}
