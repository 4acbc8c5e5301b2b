package redis

func connectionCommands() []*Command {
	return []*Command{
		{Name: "ping", Arity: -1, Flags: flagFast | flagSubscribed, Group: "connection", Syntax: "[<message>]",
			Summary: "Returns the server's liveliness response.", Since: "1.0.0", Complexity: "O(1)", run: ping},
		{Name: "echo", Arity: 2, Flags: flagFast | flagLoading | flagStale, Group: "connection", Syntax: "<message>",
			Summary: "Returns the given string.", Since: "1.0.0", Complexity: "O(1)", run: echo},
		{Name: "select", Arity: 2, Flags: flagFast | flagLoading | flagStale, Group: "connection", Syntax: "<index>",
			Summary: "Changes the selected database.", Since: "1.0.0", Complexity: "O(1)", run: selectDatabase},
		{Name: "auth", Arity: -2, Flags: flagAllowBusy | flagFast | flagLoading | flagStale | flagNoAuth | flagNoScript, Group: "connection", Syntax: "[<username>] <password>",
			Summary: "Authenticates the connection.", Since: "1.0.0", Complexity: "O(1)", run: auth},
		{Name: "hello", Arity: -1, Flags: flagAllowBusy | flagFast | flagLoading | flagStale | flagNoAuth | flagNoScript, Group: "connection", Syntax: "[<protover> [AUTH <username> <password>] [SETNAME <clientname>]]",
			Summary: "Selects the version of the protocol, and tells about the server.", Since: "6.0.0", Complexity: "O(1)", run: hello},
		{Name: "reset", Arity: 1, Flags: flagAllowBusy | flagFast | flagLoading | flagStale | flagNoAuth | flagSubscribed | flagNoScript, Group: "connection",
			Summary: "Makes the connection as new.", Since: "6.2.0", Complexity: "O(1)", run: reset},
		{Name: "quit", Arity: -1, Flags: flagAllowBusy | flagFast | flagLoading | flagStale | flagNoAuth | flagSubscribed | flagNoScript, Group: "connection",
			Summary: "Closes the connection.", Since: "1.0.0", Complexity: "O(1)", run: quit},
	}
}

// ping replies PONG, or what it is given; as a message to a subscriber of version 2, who
// expects nothing else.
func ping(r *Request) error {
	if len(r.args) > 2 {
		return Error("ERR wrong number of arguments for 'ping' command")
	}
	switch {
	case r.client.subscriptions.count() > 0 && r.out.Proto != 3:
		r.out.Array(2)
		r.out.BulkString("pong")
		if len(r.args) == 2 {
			r.out.Bulk(r.args[1])
		} else {
			r.out.BulkString("")
		}
	case len(r.args) == 2:
		r.out.Bulk(r.args[1])
	default:
		r.out.Simple("PONG")
	}
	return nil
}

func echo(r *Request) error {
	r.out.Bulk(r.args[1])
	return nil
}

func selectDatabase(r *Request) error {
	number, err := r.databaseNumber(1)
	if err != nil {
		return err
	}
	if r.client.part != nil { // else it is made with the first key that concerns it
		if _, err := r.open(number); err != nil {
			return err
		}
	}
	r.client.database = number
	r.out.OK()
	return nil
}

// databaseNumber is an argument as the number of a database.
func (r *Request) databaseNumber(i int) (int, error) {
	n, err := r.int(i)
	switch {
	case err != nil:
		return 0, err
	case n != int64(int32(n)):
		return 0, Error("ERR value is out of range, value must between -2147483648 and 2147483647")
	case n < 0 || n >= databaseCount:
		return 0, errDBIndex
	}
	return int(n), nil
}

// reset has the client be as it was when it connected.
func reset(r *Request) error {
	c := r.client
	c.unsubscribeAll()
	c.endTransaction()
	c.database, c.readOnly = 0, false
	c.setProto(2)
	c.name.Store(nil)
	c.letInAnonymous()
	r.out.Simple("RESET")
	return nil
}

func quit(r *Request) error {
	r.out.OK()
	return errQuit
}

// setProto has the client speak a version of the protocol.
func (c *Client) setProto(version int) {
	c.out.Proto, c.pushes.Proto = version, version
	c.proto.Store(int32(version))
}
