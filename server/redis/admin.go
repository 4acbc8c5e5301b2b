package redis

func serverCommands() []*Command {
	const admin = flagAdmin | flagNoScript | flagNoAsyncLoading
	return []*Command{
		{Name: "info", Arity: -1, Flags: flagLoading | flagStale, Group: "server", Syntax: "[<section> ...]",
			Summary: "Returns information and statistics about the server.", Since: "1.0.0", Complexity: "O(1), and of the section keyspace O(N) at times, where N is the number of keys", run: infoCommand},
		{Name: "time", Arity: 1, Flags: flagLoading | flagStale | flagFast, Group: "server",
			Summary: "Returns the server's time.", Since: "2.6.0", Complexity: "O(1)", run: timeCommand},
		{Name: "role", Arity: 1, Flags: flagNoScript | flagLoading | flagStale | flagFast, Group: "server",
			Summary: "Returns the replication role.", Since: "2.8.12", Complexity: "O(1)", run: role},
		{Name: "wait", Arity: 3, Flags: flagNoScript, Group: "generic", Syntax: "<numreplicas> <timeout>",
			Summary: "Returns how many replicas have the writes of the connection: none, as there are none.", Since: "3.0.0", Complexity: "O(1)", run: wait},
		{Name: "lastsave", Arity: 1, Flags: flagLoading | flagStale | flagFast, Group: "server",
			Summary: "Returns the Unix timestamp of the last successful save.", Since: "1.0.0", Complexity: "O(1)", run: lastSave},
		{Name: "save", Arity: 1, Flags: admin | flagNoMulti, Group: "server",
			Summary: "Makes everything durable, and a checkpoint.", Since: "1.0.0", Complexity: "O(N) where N is the number of bytes not yet durable", run: saveCommand},
		{Name: "bgsave", Arity: -1, Flags: admin, Group: "server", Syntax: "[SCHEDULE]",
			Summary: "Makes everything durable, and a checkpoint, in the background.", Since: "1.0.0", Complexity: "O(1)", run: backgroundSave},
		{Name: "bgrewriteaof", Arity: 1, Flags: admin, Group: "server",
			Summary: "Compacts the data on disk in the background.", Since: "1.0.0", Complexity: "O(1)", run: backgroundCompaction},
		{Name: "shutdown", Arity: -1, Flags: flagAdmin | flagNoScript | flagLoading | flagStale | flagNoMulti | flagAllowBusy, Group: "server", Syntax: "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]",
			Summary: "Ends the server.", Since: "1.0.0", Complexity: "O(N) where N is the number of bytes not yet durable", run: shutdown},
		{Name: "debug", Arity: -2, Flags: flagAdmin | flagNoScript | flagLoading | flagStale, Group: "server", Syntax: "<subcommand> [<arg> ...]",
			Summary: "A container for debugging commands.", Since: "1.0.0", Complexity: "Depends on subcommand.", run: debugCommand},
		{Name: "function", Arity: -2, Group: "scripting",
			Summary: "A container for function commands.", Since: "7.0.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(
				&Command{Name: "flush", Arity: -2, Flags: flagNoScript | flagWrite, Group: "scripting", Syntax: "[ASYNC|SYNC]",
					Summary: "Deletes all functions, of which there are none.", Since: "7.0.0", Complexity: "O(1)", run: functionFlush},
			)},
		slowlogCommand(), latencyCommand(), memoryCommand(),
	}
}

func timeCommand(r *Request) error {
	r.out.Array(2)
	r.out.BulkInt(r.now.Unix())
	r.out.BulkInt(int64(r.now.Nanosecond() / 1000))
	return nil
}

func role(r *Request) error {
	r.out.Array(3)
	r.out.BulkString("master")
	r.out.Int(0)
	r.out.Array(0)
	return nil
}

// wait replies at once, since no replica will come.
func wait(r *Request) error {
	if _, err := r.int(1); err != nil {
		return err
	}
	switch timeout, ok := parseInteger(r.args[2]); {
	case !ok:
		return Error("ERR timeout is not an integer or out of range")
	case timeout < 0:
		return Error("ERR timeout is negative")
	}
	r.out.Int(0)
	return nil
}

// shutdown is SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. Nothing that is
// acknowledged as durable needs a save; SAVE makes the rest so, and a checkpoint.
func shutdown(r *Request) error {
	saves, noSave, abort, others := false, false, false, false
	for _, arg := range r.args[1:] {
		switch {
		case is(arg, "SAVE"):
			saves = true
		case is(arg, "NOSAVE"):
			noSave = true
		case is(arg, "ABORT"):
			abort = true
		case is(arg, "NOW"), is(arg, "FORCE"):
			others = true
		default:
			return errSyntax
		}
	}
	switch {
	case saves && noSave, abort && (saves || noSave || others):
		return errSyntax
	case abort:
		return Error("ERR No shutdown in progress.")
	case r.server.quit == nil:
		return Error("ERR Clients may not end this server")
	}
	if saves {
		if err := r.server.saves.beginSave(); err != nil {
			return err
		}
		if err := r.server.save(); err != nil {
			return Error("ERR Errors trying to SHUTDOWN. Check logs.")
		}
	}
	r.logAdmin("a client ends the server")
	r.server.quit()
	return errQuit
}

// functionFlush removes all functions, of which there are none here.
func functionFlush(r *Request) error {
	if len(r.args) > 3 || len(r.args) == 3 && !is(r.args[2], "ASYNC") && !is(r.args[2], "SYNC") {
		return Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
	}
	r.out.OK()
	return nil
}
