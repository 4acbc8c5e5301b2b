package redis

func serverCommands() []*Command {
	return []*Command{
		{Name: "function", Arity: -2, Flags: flagNoScript, Group: "scripting",
			Summary: "A container for function commands.", Since: "7.0.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(
				&Command{Name: "flush", Arity: -2, Flags: flagNoScript | flagWrite, Group: "scripting",
					Summary: "Deletes all libraries and functions.", Since: "7.0.0", Complexity: "O(N) where N is the number of functions deleted", run: functionFlush},
			)},
	}
}

// functionFlush removes all functions, of which there are none here.
func functionFlush(r *Request) error {
	r.out.OK()
	return nil
}
