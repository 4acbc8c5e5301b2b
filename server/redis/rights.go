package redis

import (
	"errors"

	"github.com/mantisdb/mantisdb/server/acl"
)

// The errors of what a user may not do.
const (
	errNoKey     Error = "NOPERM this user has no permissions to access one of the keys used as arguments"
	errNoChannel Error = "NOPERM this user has no permissions to access one of the channels used as arguments"
)

// authorize returns nil if the client's user may run a command with such arguments.
func (c *Client) authorize(cmd *Command, args [][]byte) error {
	if c.unrestricted || cmd.has(flagNoAuth) {
		return nil
	}
	if !c.user.MayRun(cmd.subject()) {
		return Error("NOPERM this user has no permissions to run the '" + cmd.fullName() + "' command")
	}
	for _, access := range cmd.accesses() {
		reads, writes := access.needs(cmd, args)
		for _, key := range access.keys.of(args) {
			if reads && !c.user.MayRead(string(key)) || writes && !c.user.MayWrite(string(key)) {
				return errNoKey
			}
		}
	}
	return mayUseChannels(c.user, cmd, args)
}

// authorizeQueued is authorize in EXEC: what the user might do when the command was queued
// may be forbidden by now.
func (c *Client) authorizeQueued(q *queued) error {
	err := c.authorize(q.cmd, q.args)
	if err == nil {
		return nil
	}
	reason := "no permission to execute the command or subcommand"
	switch {
	case errors.Is(err, errNoKey):
		reason = "no permission to touch the specified keys"
	case errors.Is(err, errNoChannel):
		reason = "no permission to access one of the channels used as arguments"
	}
	return Error("NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: " + reason)
}

// endUnentitled disconnects those who listen to what their users may not any more. Others
// are held to their rights with their next command, but a listener needs none to go on.
func (r *Request) endUnentitled() {
	users := r.server.users
	listeners := r.server.hub.listenersIf(func(c *Client, channel string, isPattern bool) bool {
		user := users.Find(c.shown.Load().user)
		switch {
		case user == nil || !user.Enabled:
			return true
		case isPattern:
			return !user.MayUsePattern(channel)
		}
		return !user.MayUse(channel)
	})
	for c := range listeners {
		c.kill(r.client)
	}
}

// subject is the command as rules know it.
func (c *Command) subject() acl.Command {
	s := acl.Command{Name: c.fullName()}
	for _, category := range c.categories() {
		s.Categories = append(s.Categories, string(category))
	}
	return s
}

// mayUseChannels returns nil if a command may publish or listen to the channels that it
// names. To a pattern of channels, a user may listen who was given that very pattern.
func mayUseChannels(user *acl.User, cmd *Command, args [][]byte) error {
	may := user.MayUse
	switch cmd.fullName() {
	case "publish":
		args = args[:2]
	case "subscribe":
	case "psubscribe":
		may = user.MayUsePattern
	default:
		return nil
	}
	for _, channel := range args[1:] {
		if !may(string(channel)) {
			return errNoChannel
		}
	}
	return nil
}
