package redis

import (
	"fmt"
	"math"
	"time"
)

// debugCommand is DEBUG: of it, what Redis's test suite needs. It is refused unless the
// server was told to allow it.
func debugCommand(r *Request) error {
	if !r.server.debug {
		return Error("ERR DEBUG command not allowed. The server has to be started with --redis-debug-commands, which is for tests.")
	}
	switch name, n := r.args[1], len(r.args); {
	case is(name, "SLEEP") && n == 3:
		return r.debugSleep()
	case is(name, "SET-ACTIVE-EXPIRE") && n == 3, is(name, "RELOAD"), is(name, "LOADAOF"), is(name, "JMAP"), is(name, "LOG") && n == 3:
		return r.debugNothing(name)
	case is(name, "OBJECT") && n >= 3:
		return r.debugObject()
	case is(name, "PROTOCOL") && n == 3:
		return r.debugProtocol()
	}
	return r.wrongSubcommand()
}

// longestSleep bounds DEBUG SLEEP.
const longestSleep = time.Hour

func (r *Request) debugSleep() error {
	length, ok := parseFloat(r.args[2])
	if !ok || length < 0 {
		return errNotFloat
	}
	time.Sleep(time.Duration(math.Min(length, longestSleep.Seconds()) * float64(time.Second)))
	r.out.OK()
	return nil
}

// debugNothing has nothing to do for what it is asked: nobody sees an expired key, whether
// or not its memory was reclaimed, and nothing is kept that a reload would lose. A message
// for the log goes there.
func (r *Request) debugNothing(name []byte) error {
	switch {
	case is(name, "LOG"):
		r.server.logger.Info("DEBUG LOG", "message", string(r.args[2]))
	case is(name, "RELOAD"), is(name, "LOADAOF"):
		if err := r.server.db.Sync(); err != nil {
			return err
		}
	}
	r.out.OK()
	return nil
}

// debugObject describes a key's value. It has no address to tell.
func (r *Request) debugObject() error {
	if r.client.part == nil {
		return Error("ERR DEBUG OBJECT is not for a cluster: OBJECT ENCODING is")
	}
	value, err := r.keyspace().Get(r.args[2])
	if isNotFound(err) {
		return errNoSuchKey
	}
	if err != nil {
		return err
	}
	encoding := "raw"
	if _, isInteger := parseInteger(value); isInteger {
		encoding = "int"
	} else if len(value) <= 44 {
		encoding = "embstr"
	}
	r.out.Simple(fmt.Sprintf("Value at:0x0 refcount:1 encoding:%s serializedlength:%d lru:0 lru_seconds_idle:0", encoding, len(value)))
	return nil
}

// debugProtocol replies an example of a type of the protocol.
func (r *Request) debugProtocol() error {
	switch kind := lower(r.args[2]); kind {
	case "string":
		r.out.BulkString("Hello World")
	case "integer":
		r.out.Int(12345)
	case "double":
		r.out.Double(3.141)
	case "null":
		r.out.Null()
	case "array":
		r.out.Array(3)
		for i := range 3 {
			r.out.Int(int64(i))
		}
	case "set":
		r.out.Set(3)
		for i := range 3 {
			r.out.Int(int64(i))
		}
	case "map":
		r.out.Map(3)
		for i := range 3 {
			r.out.Int(int64(i))
			r.out.Bool(i == 1)
		}
	case "attrib":
		if r.out.Proto == 3 {
			r.out.Attribute(1)
			r.out.BulkString("key-popularity")
			r.out.Array(2)
			r.out.BulkString("key:123")
			r.out.Int(90)
		}
		r.out.BulkString("Some real reply following the attribute")
	case "push":
		if r.out.Proto != 3 {
			return Error("ERR RESP2 is not supported by this command")
		}
		r.out.Push(2)
		r.out.BulkString("server-cpu-usage")
		r.out.Int(42)
		r.out.BulkString("Some real reply following the push reply")
	case "verbatim":
		r.out.Verbatim("txt", "This is a verbatim\nstring")
	case "true", "false":
		r.out.Bool(kind == "true")
	case "bignum":
		r.out.BigNumber("1234567999999999999999999999999999999")
	default:
		return Error("ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
	return nil
}
