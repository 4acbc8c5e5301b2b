package redis

import "strings"

// redisVersion is that of the Redis whose commands and replies these are.
const redisVersion = "7.0.15"

// hello is HELLO [version [AUTH username password] [SETNAME name]].
func hello(r *Request) error {
	version := int64(0)
	if len(r.args) > 1 {
		n, ok := parseInteger(r.args[1])
		switch {
		case !ok:
			return Error("ERR Protocol version is not an integer or out of range")
		case n != 2 && n != 3:
			return Error("NOPROTO unsupported protocol version")
		}
		version = n
	}
	if err := r.helloOptions(); err != nil {
		return err
	}
	c := r.client
	if c.needsPassword() {
		return Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
	}
	if version != 0 {
		c.setProto(int(version))
		r.out.Proto = int(version)
	}
	r.replyHello()
	return nil
}

// helloOptions does what the options say, one after the other.
func (r *Request) helloOptions() error {
	for i := 2; i < len(r.args); i++ {
		switch rest := len(r.args) - 1 - i; {
		case is(r.args[i], "AUTH") && rest >= 2:
			if err := r.client.login(r.args[i+1], r.args[i+2]); err != nil {
				return err
			}
			i += 2
		case is(r.args[i], "SETNAME") && rest >= 1:
			if err := r.client.setName(r.args[i+1]); err != nil {
				return err
			}
			i++
		default:
			return Error("ERR Syntax error in HELLO option '" + string(r.args[i]) + "'")
		}
	}
	return nil
}

func (r *Request) replyHello() {
	w := r.out
	w.Map(7)
	for _, field := range [][2]string{{"server", "redis"}, {"version", redisVersion}} {
		w.BulkString(field[0])
		w.BulkString(field[1])
	}
	w.BulkString("proto")
	w.Int(int64(max(w.Proto, 2)))
	w.BulkString("id")
	w.Int(r.client.id)
	for _, field := range [][2]string{{"mode", r.server.mode()}, {"role", "master"}} {
		w.BulkString(field[0])
		w.BulkString(field[1])
	}
	w.BulkString("modules")
	w.Array(0)
}

// setName has others know the client by a name; an empty one is none.
func (c *Client) setName(name []byte) error {
	for _, b := range name {
		if b < '!' || b > '~' {
			return Error("ERR Client names cannot contain spaces, newlines or special characters.")
		}
	}
	if len(name) == 0 {
		c.name.Store(nil)
		return nil
	}
	text := string(name)
	c.name.Store(&text)
	return nil
}

// wrongSubcommand is the error of a subcommand that takes other arguments.
func (r *Request) wrongSubcommand() error {
	return Error("ERR unknown subcommand or wrong number of arguments for '" + printable(r.args[1], 128) + "'. Try " + strings.ToUpper(string(r.args[0])) + " HELP.")
}
