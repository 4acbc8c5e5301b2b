package redis

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/server/acl"
)

func aclCommands() []*Command {
	const flags = flagNoScript | flagLoading | flagStale
	sub := func(name string, arity int, more Flags, syntax, summary string, run func(*Request) error) *Command {
		return &Command{Name: name, Arity: arity, Flags: flags | more, Group: "server", Syntax: syntax, Since: "6.0.0",
			Summary: summary, Complexity: "O(N) where N is the number of users or commands", run: run}
	}
	return []*Command{
		{Name: "acl", Arity: -2, Flags: flags, Group: "server",
			Summary: "A container for commands about users and their rights.", Since: "6.0.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(
				sub("whoami", 2, 0, "", "Returns the name of the user of the connection.", aclWhoAmI),
				sub("cat", -2, 0, "[<category>]", "Lists the categories of commands, or the commands of one.", aclCat),
				sub("genpass", -2, 0, "[<bits>]", "Returns a random password.", aclGenPass),
				sub("users", 2, flagAdmin, "", "Lists the names of the users.", aclUsers),
				sub("list", 2, flagAdmin, "", "Lists the users with their rules.", aclList),
				sub("getuser", 3, flagAdmin, "<username>", "Returns what a user may do.", aclGetUser),
				sub("load", 2, flagAdmin, "", "Reads the file of users again.", aclLoad),
				sub("setuser", -3, flagAdmin, "<username> [<rule> ...]", "Is refused: users are kept in a file alone.", aclOnlyFile),
				sub("deluser", -3, flagAdmin, "<username> [<username> ...]", "Is refused: users are kept in a file alone.", aclOnlyFile),
				sub("save", 2, flagAdmin, "", "Is refused: users are kept in a file alone.", aclOnlyFile),
			)},
	}
}

func aclWhoAmI(r *Request) error {
	r.out.BulkString(r.client.user.Name)
	return nil
}

// aclCat lists the categories, or the commands of one.
func aclCat(r *Request) error {
	switch len(r.args) {
	case 2:
		r.replyNames(acl.Categories)
		return nil
	case 3:
	default:
		return r.wrongSubcommand()
	}
	wanted := lower(r.args[2])
	if !slices.Contains(acl.Categories, wanted) {
		return Error("ERR Unknown category '" + printable(r.args[2], 128) + "'")
	}
	var names []string
	for _, c := range r.server.table.all() {
		if slices.Contains(c.categories(), category(wanted)) {
			names = append(names, c.fullName())
		}
	}
	slices.Sort(names)
	r.replyNames(names)
	return nil
}

// aclGenPass replies a random password: so many bits, 256 if none are named, in
// hexadecimal digits.
func aclGenPass(r *Request) error {
	bits := int64(256)
	if len(r.args) == 3 {
		n, err := r.int(2)
		if err != nil {
			return err
		}
		if n <= 0 || n > 4096 {
			return Error("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")
		}
		bits = n
	} else if len(r.args) > 3 {
		return r.wrongSubcommand()
	}
	digits := (bits + 3) / 4
	random := make([]byte, (digits+1)/2)
	rand.Read(random) // it never fails
	r.out.BulkString(hex.EncodeToString(random)[:digits])
	return nil
}

func aclUsers(r *Request) error {
	var names []string
	for _, user := range r.server.users.All() {
		names = append(names, user.Name)
	}
	r.replyNames(names)
	return nil
}

func aclList(r *Request) error {
	var lines []string
	for _, user := range r.server.users.All() {
		lines = append(lines, "user "+user.Name+" "+user.Rules())
	}
	r.replyNames(lines)
	return nil
}

func aclGetUser(r *Request) error {
	user := r.server.users.Find(string(r.args[2]))
	if user == nil {
		r.out.Null()
		return nil
	}
	flags := []string{"off"}
	if user.Enabled {
		flags[0] = "on"
	}
	if user.NoPassword {
		flags = append(flags, "nopass")
	}
	r.out.Map(6)
	r.out.BulkString("flags")
	r.out.Set(len(flags))
	for _, flag := range flags {
		r.out.BulkString(flag)
	}
	r.out.BulkString("passwords")
	r.replyNames(user.Passwords())
	r.out.BulkString("commands")
	r.out.BulkString(user.CommandRules())
	r.out.BulkString("keys")
	r.out.BulkString(strings.Join(user.KeyRules(), " "))
	r.out.BulkString("channels")
	r.out.BulkString(strings.Join(user.ChannelRules(), " "))
	r.out.BulkString("selectors") // which this server has not
	r.out.Array(0)
	return nil
}

// aclLoad reads the file of users again.
func aclLoad(r *Request) error {
	if !r.server.users.HasFile() {
		return Error("ERR This server was started without a file of users: see --users")
	}
	if err := r.server.users.Reload(); err != nil {
		r.server.logger.Warn("the users could not be read anew, and are as before", "client", r.client.address(), "user", r.client.userName(), "error", err.Error())
		return Error("ERR the users are as before: " + err.Error())
	}
	r.logAdmin("the users were read anew")
	r.endUnentitled()
	r.out.OK()
	return nil
}

// aclOnlyFile refuses changes that a file would have to follow.
func aclOnlyFile(*Request) error {
	return Error("ERR users are kept in the file of --users alone: change it, and send ACL LOAD")
}
