package redis

// kill ends a client: another one at once, the one who asks with its reply.
func (c *Client) kill(asker *Client) {
	c.killed.Store(true)
	by := ""
	if asker != nil {
		by = asker.address()
	}
	c.server.limited.Info("a client was disconnected by another one", "client", c.address(), "by", by)
	if c == asker {
		return
	}
	c.disconnect()
}

// disconnect ends a client's connection, which its goroutine finds.
func (c *Client) disconnect() {
	c.conn.Close()
	c.server.clients.remove(c)
	c.server.pause.wake()
}

// clientFilter says which clients CLIENT KILL is to end.
type clientFilter struct {
	id            int64 // 0: any
	kind          string
	address, home string
	user          string
	skipMe        bool
}

// clientKill is CLIENT KILL address, or CLIENT KILL with filters.
func clientKill(r *Request) error {
	if len(r.args) == 3 {
		return r.killAddress(string(r.args[2]))
	}
	filter, err := r.parseClientFilter()
	if err != nil {
		return err
	}
	killed := int64(0)
	r.server.clients.each(func(c *Client) {
		if filter.wants(c, r.client) {
			c.kill(r.client)
			killed++
		}
	})
	r.out.Int(killed)
	return nil
}

// killAddress is the old form, which ends the one client of an address.
func (r *Request) killAddress(address string) error {
	filter := clientFilter{address: address}
	for _, c := range r.server.clients.list() {
		if filter.wants(c, r.client) {
			c.kill(r.client)
			r.out.OK()
			return nil
		}
	}
	return Error("ERR No such client")
}

func (r *Request) parseClientFilter() (f clientFilter, err error) {
	f.skipMe = true
	for i := 2; i < len(r.args); i += 2 {
		if i+1 == len(r.args) {
			return f, errSyntax
		}
		switch value := r.args[i+1]; {
		case is(r.args[i], "ID"):
			f.id, err = parseClientID(value)
		case is(r.args[i], "TYPE"):
			f.kind, err = parseClientType(value)
		case is(r.args[i], "ADDR"):
			f.address = string(value)
		case is(r.args[i], "LADDR"):
			f.home = string(value)
		case is(r.args[i], "USER"):
			if f.user = string(value); !r.server.hasUser(f.user) {
				err = Error("ERR No such user '" + f.user + "'")
			}
		case is(r.args[i], "SKIPME") && is(value, "YES"):
			f.skipMe = true
		case is(r.args[i], "SKIPME") && is(value, "NO"):
			f.skipMe = false
		default:
			err = errSyntax
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func parseClientID(arg []byte) (int64, error) {
	id, ok := parseInteger(arg)
	if !ok || id <= 0 {
		return 0, Error("ERR client-id should be greater than 0")
	}
	return id, nil
}

// The types of clients that there can be. Of replicas and masters there are none.
const (
	clientNormal  = "normal"
	clientPubSub  = "pubsub"
	clientReplica = "replica"
	clientMaster  = "master"
)

func parseClientType(arg []byte) (string, error) {
	switch kind := lower(arg); kind {
	case clientNormal, clientPubSub, clientReplica, clientMaster:
		return kind, nil
	case "slave":
		return clientReplica, nil
	}
	return "", Error("ERR Unknown client type '" + string(arg) + "'")
}

// kind is the client's type.
func (v *clientView) kind() string {
	if v.isPubSub() {
		return clientPubSub
	}
	return clientNormal
}

// wants tells whether a client is one of those; asker is the one who asks.
func (f *clientFilter) wants(c, asker *Client) bool {
	v := c.shown.Load()
	return (f.id == 0 || f.id == c.id) &&
		(f.kind == "" || f.kind == v.kind()) &&
		(f.address == "" || f.address == c.conn.RemoteAddr().String()) &&
		(f.home == "" || f.home == c.conn.LocalAddr().String()) &&
		(f.user == "" || f.user == v.user) &&
		!(f.skipMe && c == asker)
}
