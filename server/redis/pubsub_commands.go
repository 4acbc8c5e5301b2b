package redis

import "slices"

func pubsubCommands() []*Command {
	return []*Command{
		{Name: "subscribe", Arity: -2, Flags: flagPubSub | flagNoScript | flagLoading | flagStale | flagSubscribed, Group: "pubsub", Syntax: "<channel> [<channel> ...]",
			Summary: "Listens for messages published to channels.", Since: "2.0.0", Complexity: "O(N) where N is the number of channels to subscribe to.", run: subscribe},
		{Name: "unsubscribe", Arity: -1, Flags: flagPubSub | flagNoScript | flagLoading | flagStale | flagSubscribed, Group: "pubsub", Syntax: "[<channel> ...]",
			Summary: "Stops listening to messages posted to channels.", Since: "2.0.0", Complexity: "O(N) where N is the number of channels to unsubscribe from.", run: unsubscribe},
		{Name: "psubscribe", Arity: -2, Flags: flagPubSub | flagNoScript | flagLoading | flagStale | flagSubscribed, Group: "pubsub", Syntax: "<pattern> [<pattern> ...]",
			Summary: "Listens for messages published to channels that match one or more patterns.", Since: "2.0.0", Complexity: "O(N) where N is the number of patterns to subscribe to.", run: psubscribe},
		{Name: "punsubscribe", Arity: -1, Flags: flagPubSub | flagNoScript | flagLoading | flagStale | flagSubscribed, Group: "pubsub", Syntax: "[<pattern> ...]",
			Summary: "Stops listening to messages published to channels that match one or more patterns.", Since: "2.0.0", Complexity: "O(N) where N is the number of patterns to unsubscribe from.", run: punsubscribe},
		{Name: "publish", Arity: 3, Flags: flagMayReplicate | flagPubSub | flagLoading | flagStale | flagFast, Group: "pubsub", Syntax: "<channel> <message>",
			Summary: "Posts a message to a channel.", Since: "2.0.0", Complexity: "O(N+M) where N is the number of clients subscribed to the channel and M is the number of subscribed patterns of all clients.", run: publish},
		{Name: "pubsub", Arity: -2, Group: "pubsub",
			Summary: "A container for Pub/Sub commands.", Since: "2.8.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(
				&Command{Name: "channels", Arity: -2, Flags: flagPubSub | flagLoading | flagStale, Group: "pubsub", Syntax: "[<pattern>]",
					Summary: "Returns the active channels.", Since: "2.8.0", Complexity: "O(N) where N is the number of active channels.", run: pubsubChannels},
				&Command{Name: "numsub", Arity: -2, Flags: flagPubSub | flagLoading | flagStale, Group: "pubsub", Syntax: "[<channel> ...]",
					Summary: "Returns how many clients are subscribed to channels.", Since: "2.8.0", Complexity: "O(N) where N is the number of requested channels.", run: pubsubNumSub},
				&Command{Name: "numpat", Arity: 2, Flags: flagPubSub | flagLoading | flagStale, Group: "pubsub",
					Summary: "Returns how many different patterns are subscribed to.", Since: "2.8.0", Complexity: "O(1)", run: pubsubNumPat},
			)},
	}
}

// subscriptionKind is what channels and patterns do not have in common.
type subscriptionKind struct {
	subscribed, unsubscribed string // how a client is told
	all                      func(*hub) *listeners
	own                      func(*subscriptions) *map[string]struct{}
}

var (
	toChannels = &subscriptionKind{
		"subscribe", "unsubscribe",
		func(h *hub) *listeners { return &h.channels },
		func(s *subscriptions) *map[string]struct{} { return &s.channels },
	}
	toPatterns = &subscriptionKind{
		"psubscribe", "punsubscribe",
		func(h *hub) *listeners { return &h.patterns },
		func(s *subscriptions) *map[string]struct{} { return &s.patterns },
	}
)

func subscribe(r *Request) error    { return r.subscribe(toChannels) }
func psubscribe(r *Request) error   { return r.subscribe(toPatterns) }
func unsubscribe(r *Request) error  { return r.unsubscribe(toChannels) }
func punsubscribe(r *Request) error { return r.unsubscribe(toPatterns) }

// subscribe tells the client of each name that it listens to it. Messages wait until it
// was told.
func (r *Request) subscribe(kind *subscriptionKind) error {
	c, h := r.client, &r.server.hub
	if err := c.holdMessages(); err != nil {
		return errQuit
	}
	c.hasListened = true
	own := kind.own(&c.subscriptions)
	if *own == nil {
		*own = map[string]struct{}{}
	}
	for _, name := range r.args[1:] {
		if _, listens := (*own)[string(name)]; !listens {
			(*own)[string(name)] = struct{}{}
			h.subscribe(kind.all(h), string(name), c)
		}
		r.tellSubscription(kind.subscribed, name)
	}
	// ACL LOAD may have looked at who listens before this client did.
	if r.server.users.Changes() != c.userSince {
		if c.renewUser(); c.user == nil || c.authorize(r.cmd, r.args) != nil {
			return errQuit
		}
	}
	return nil
}

// unsubscribe ends the subscriptions that are named, or all of the kind. Messages that
// have come until then are sent before the client is told.
func (r *Request) unsubscribe(kind *subscriptionKind) error {
	names := r.args[1:]
	own := *kind.own(&r.client.subscriptions)
	if len(names) == 0 {
		for name := range own {
			names = append(names, []byte(name))
		}
	}
	if len(names) == 0 {
		r.tellSubscription(kind.unsubscribed, nil)
	}
	for _, name := range names {
		if _, listens := own[string(name)]; listens {
			delete(own, string(name))
			r.server.hub.unsubscribe(kind.all(&r.server.hub), string(name), r.client)
		}
		r.tellSubscription(kind.unsubscribed, name)
	}
	return nil
}

// tellSubscription tells a client of a subscription, as a message to it. nil is none.
func (r *Request) tellSubscription(what string, name []byte) {
	w := r.pushed()
	w.Push(3)
	w.BulkString(what)
	if name == nil {
		w.Null()
	} else {
		w.Bulk(name)
	}
	w.Int(int64(r.client.subscriptions.count()))
}

func publish(r *Request) error {
	if x := r.server.routing; x != nil && !r.client.isPeer {
		x.publishToPeers(r.args[1], r.args[2])
	}
	r.out.Int(int64(r.server.hub.publish(r.client, string(r.args[1]), r.args[2])))
	return nil
}

func pubsubChannels(r *Request) error {
	pattern := "*"
	switch len(r.args) {
	case 2:
	case 3:
		pattern = string(r.args[2])
	default:
		return r.wrongSubcommand()
	}
	names := r.server.hub.activeChannels(pattern)
	slices.Sort(names)
	r.out.Array(len(names))
	for _, name := range names {
		r.out.BulkString(name)
	}
	return nil
}

func pubsubNumSub(r *Request) error {
	channels := r.args[2:]
	r.out.Array(2 * len(channels))
	for _, channel := range channels {
		r.out.Bulk(channel)
		r.out.Int(int64(r.server.hub.subscribers(string(channel))))
	}
	return nil
}

func pubsubNumPat(r *Request) error {
	r.out.Int(int64(r.server.hub.patternCount()))
	return nil
}
