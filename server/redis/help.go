package redis

import (
	"slices"
	"strings"
)

// addHelp gives a command that has subcommands one more, HELP.
func (c *Command) addHelp() {
	if c.Subcommands == nil || c.Subcommands["help"] != nil {
		return
	}
	c.Subcommands["help"] = &Command{Name: "help", Arity: 2, Flags: flagLoading | flagStale, Group: c.Group,
		Summary: "Shows helpful text about the subcommands.", Since: c.Since, Complexity: "O(1)",
		run: func(r *Request) error {
			r.replyHelp(c)
			return nil
		}}
}

// replyHelp lists the subcommands of a command, each with its arguments and what it does.
func (r *Request) replyHelp(c *Command) {
	lines := []string{strings.ToUpper(c.Name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	names := make([]string, 0, len(c.Subcommands))
	for name := range c.Subcommands {
		if name != "help" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		sub := c.Subcommands[name]
		lines = append(lines, strings.TrimRight(strings.ToUpper(name)+" "+sub.Syntax, " "), "    "+sub.Summary)
	}
	lines = append(lines, "HELP", "    Print this help.")
	r.out.Array(len(lines))
	for _, line := range lines {
		r.out.Simple(line)
	}
}
