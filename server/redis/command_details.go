package redis

import "slices"

// commandFlags are the flags with their names, in the order of Redis.
var commandFlags = []struct {
	flag Flags
	name string
}{
	{flagWrite, "write"}, {flagReadonly, "readonly"}, {flagDenyOOM, "denyoom"}, {flagAdmin, "admin"},
	{flagPubSub, "pubsub"}, {flagNoScript, "noscript"}, {flagLoading, "loading"}, {flagStale, "stale"},
	{flagSkipSlowlog, "skip_slowlog"}, {flagFast, "fast"}, {flagNoAuth, "no_auth"},
	{flagNoMandatoryKeys, "no_mandatory_keys"}, {flagNoAsyncLoading, "no_async_loading"},
	{flagNoMulti, "no_multi"}, {flagMovableKeys, "movablekeys"}, {flagAllowBusy, "allow_busy"},
}

// replyCommands writes what COMMAND tells of commands.
func (r *Request) replyCommands(list []*Command) {
	r.out.Array(len(list))
	for _, cmd := range list {
		r.replyCommand(cmd)
	}
}

// replyCommand writes what COMMAND tells of one: name, arity, flags, the places of its
// keys, categories, tips, keys again in detail, and subcommands.
func (r *Request) replyCommand(c *Command) {
	first, last, step := c.keyRange()
	r.out.Array(10)
	r.out.BulkString(c.fullName())
	r.out.Int(int64(c.Arity))
	r.replyFlags(c)
	r.out.Int(int64(first))
	r.out.Int(int64(last))
	r.out.Int(int64(step))
	categories := c.categories()
	r.out.Set(len(categories))
	for _, x := range categories {
		r.out.Simple("@" + string(x))
	}
	r.out.Set(len(c.Tips))
	for _, tip := range c.Tips {
		r.out.BulkString(tip)
	}
	r.replyKeySpecs(c)
	subcommands := c.listSubcommands()
	r.out.Array(len(subcommands))
	for _, sub := range subcommands {
		r.replyCommand(sub)
	}
}

func (r *Request) replyFlags(c *Command) {
	var names []string
	for _, f := range commandFlags {
		if c.has(f.flag) {
			names = append(names, f.name)
		}
	}
	r.out.Set(len(names))
	for _, name := range names {
		r.out.Simple(name)
	}
}

// keyRange is where the command's keys are, as older clients want to know it.
func (c *Command) keyRange() (first, last, step int) {
	accesses := c.accesses()
	if len(accesses) == 0 {
		return 0, 0, 0
	}
	begin, end := accesses[0].keys, accesses[len(accesses)-1].keys
	return begin.First, end.Last, begin.Step
}

// listSubcommands are the subcommands in the order of their names.
func (c *Command) listSubcommands() []*Command {
	var list []*Command
	for _, sub := range c.Subcommands {
		list = append(list, sub)
	}
	slices.SortFunc(list, compareNames)
	return list
}

// replyKeySpecs writes how the command's keys are found, and what is done to them.
func (r *Request) replyKeySpecs(c *Command) {
	accesses := c.accesses()
	r.out.Set(len(accesses))
	for _, a := range accesses {
		r.out.Map(3)
		r.out.BulkString("flags")
		words := a.words()
		r.out.Set(len(words))
		for _, word := range words {
			r.out.Simple(word)
		}
		r.out.BulkString("begin_search")
		r.out.Map(2)
		r.out.BulkString("type")
		r.out.BulkString("index")
		r.out.BulkString("spec")
		r.out.Map(1)
		r.out.BulkString("index")
		r.out.Int(int64(a.keys.First))
		r.out.BulkString("find_keys")
		r.out.Map(2)
		r.out.BulkString("type")
		r.out.BulkString("range")
		r.out.BulkString("spec")
		r.out.Map(3)
		r.out.BulkString("lastkey")
		r.out.Int(int64(a.keys.lastFromFirst()))
		r.out.BulkString("keystep")
		r.out.Int(int64(a.keys.Step))
		r.out.BulkString("limit")
		r.out.Int(0)
	}
}

// lastFromFirst is how far behind the first key the last one is; below zero, it is counted
// from the end.
func (k KeySpec) lastFromFirst() int {
	if k.Last < 0 {
		return k.Last
	}
	return k.Last - k.First
}

// commandDocs is COMMAND DOCS [command ...]. A command that there is not is left out.
func commandDocs(r *Request) error {
	list := r.server.table.top()
	if len(r.args) > 2 {
		list = list[:0]
		for _, arg := range r.args[2:] {
			if cmd := r.server.table.named(string(arg)); cmd != nil {
				list = append(list, cmd)
			}
		}
	}
	r.replyDocs(list)
	return nil
}

func (r *Request) replyDocs(list []*Command) {
	r.out.Map(len(list))
	for _, c := range list {
		r.out.BulkString(c.fullName())
		subcommands := c.listSubcommands()
		fields := 4
		if len(c.arguments) > 0 {
			fields++
		}
		if len(subcommands) > 0 {
			fields++
		}
		r.out.Map(fields)
		for _, field := range [][2]string{
			{"summary", c.Summary}, {"since", c.Since}, {"group", c.Group}, {"complexity", c.Complexity},
		} {
			r.out.BulkString(field[0])
			r.out.BulkString(field[1])
		}
		if len(c.arguments) > 0 {
			keys := 0
			r.out.BulkString("arguments")
			r.replyArguments(c.arguments, len(c.accesses()), &keys)
		}
		if len(subcommands) > 0 {
			r.out.BulkString("subcommands")
			r.replyDocs(subcommands)
		}
	}
}

// replyArguments writes arguments as COMMAND DOCS tells them. keys counts those that are
// keys; which of the command's specifications of keys finds one is told by its place.
func (r *Request) replyArguments(list []*argument, specs int, keys *int) {
	r.out.Array(len(list))
	for _, a := range list {
		r.out.Map(a.fields())
		r.replyField("name", a.name)
		r.replyField("type", a.kind)
		if a.kind == kindKey {
			r.out.BulkString("key_spec_index")
			r.out.Int(int64(max(min(*keys, specs-1), 0)))
			*keys++
		}
		if a.token != "" {
			r.replyField("token", a.token)
		}
		if flags := a.flags(); len(flags) > 0 {
			r.out.BulkString("flags")
			r.out.Set(len(flags))
			for _, flag := range flags {
				r.out.Simple(flag)
			}
		}
		if len(a.parts) > 0 {
			r.out.BulkString("arguments")
			r.replyArguments(a.parts, specs, keys)
		}
	}
}

func (r *Request) replyField(name, value string) {
	r.out.BulkString(name)
	r.out.BulkString(value)
}

// fields is how many fields replyArguments writes of an argument.
func (a *argument) fields() int {
	n := 2
	for _, has := range []bool{a.kind == kindKey, a.token != "", len(a.flags()) > 0, len(a.parts) > 0} {
		if has {
			n++
		}
	}
	return n
}

func (a *argument) flags() []string {
	var flags []string
	if a.optional {
		flags = append(flags, "optional")
	}
	if a.multiple {
		flags = append(flags, "multiple")
	}
	return flags
}
