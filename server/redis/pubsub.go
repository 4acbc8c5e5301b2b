package redis

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/internal/glob"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// hub knows who listens to what.
type hub struct {
	mu       sync.RWMutex
	channels listeners
	patterns listeners
	listened atomic.Bool // whether anybody listens to anything
}

// listeners are those of each channel, or of each pattern. None is without any.
type listeners map[string]map[*Client]struct{}

// subscriptions are a client's own. They belong to its goroutine.
type subscriptions struct {
	channels map[string]struct{}
	patterns map[string]struct{}
}

func (s *subscriptions) count() int { return len(s.channels) + len(s.patterns) }

// subscribe adds a client to a channel's or a pattern's listeners.
func (h *hub) subscribe(to *listeners, name string, c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if *to == nil {
		*to = listeners{}
	}
	if (*to)[name] == nil {
		(*to)[name] = map[*Client]struct{}{}
	}
	(*to)[name][c] = struct{}{}
	h.listened.Store(true)
}

// unsubscribe takes a client from them.
func (h *hub) unsubscribe(from *listeners, name string, c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete((*from)[name], c)
	if len((*from)[name]) == 0 {
		delete(*from, name)
	}
	h.listened.Store(len(h.channels)+len(h.patterns) > 0)
}

// publish sends a message to all who listen, and tells to how many. from is the client
// whose goroutine this is, nil if it is none's. It waits for nobody.
func (h *hub) publish(from *Client, channel string, message []byte) (receivers int) {
	if !h.listened.Load() {
		return 0
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if listeners := h.channels[channel]; len(listeners) > 0 {
		m := frames{words: []string{"message", channel}, message: message}
		receivers += m.deliver(from, listeners)
	}
	for pattern, listeners := range h.patterns {
		if glob.Match(pattern, channel) {
			m := frames{words: []string{"pmessage", pattern, channel}, message: message}
			receivers += m.deliver(from, listeners)
		}
	}
	return receivers
}

// frames are a message as it is sent in each version of the protocol.
type frames struct {
	words   []string
	message []byte
	encoded [4][]byte // by the version; nil until somebody needs it
}

func (m *frames) in(proto int) []byte {
	if m.encoded[proto] == nil {
		w := resp.Writer{Proto: proto}
		w.Push(len(m.words) + 1)
		for _, word := range m.words {
			w.BulkString(word)
		}
		w.Bulk(m.message)
		m.encoded[proto] = w.Buf
	}
	return m.encoded[proto]
}

// deliver sends the message to listeners, and tells to how many. One that was ended gets none,
// though its goroutine has not found that yet.
func (m *frames) deliver(from *Client, listeners map[*Client]struct{}) (receivers int) {
	for c := range listeners {
		if c.killed.Load() {
			continue
		}
		receivers++
		frame := m.in(int(c.proto.Load()))
		if c == from {
			c.pushes.Buf = append(c.pushes.Buf, frame...)
		} else {
			c.sink.push(frame)
		}
	}
	return receivers
}

// listenersIf are the clients of which is tells so, for a channel that they listen to, or a
// pattern.
func (h *hub) listenersIf(is func(c *Client, name string, isPattern bool) bool) map[*Client]struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	found := map[*Client]struct{}{}
	for i, all := range []listeners{h.channels, h.patterns} {
		for name, clients := range all {
			for c := range clients {
				if is(c, name, i == 1) {
					found[c] = struct{}{}
				}
			}
		}
	}
	return found
}

// activeChannels are those that somebody listens to by their name, and that match.
func (h *hub) activeChannels(pattern string) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var names []string
	for name := range h.channels {
		if glob.Match(pattern, name) {
			names = append(names, name)
		}
	}
	return names
}

// subscribers is how many listen to a channel by its name.
func (h *hub) subscribers(channel string) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.channels[channel])
}

// patternCount is how many patterns somebody listens to.
func (h *hub) patternCount() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.patterns)
}

// publishEvent publishes one event of a key.
func (s *Server) publishEvent(from *Client, e *event) {
	if !s.hub.listened.Load() {
		return
	}
	classes := notifyClass(s.notifications.classes.Load())
	database := strconv.Itoa(e.database)
	if classes&notifyKeyspace != 0 {
		s.hub.publish(from, "__keyspace@"+database+"__:"+e.key, []byte(e.name))
	}
	if classes&notifyKeyevent != 0 {
		s.hub.publish(from, "__keyevent@"+database+"__:"+e.name, []byte(e.key))
	}
}

// unsubscribeAll ends all subscriptions without a word.
func (c *Client) unsubscribeAll() {
	h := &c.server.hub
	for channel := range c.subscriptions.channels {
		h.unsubscribe(&h.channels, channel, c)
	}
	for pattern := range c.subscriptions.patterns {
		h.unsubscribe(&h.patterns, pattern, c)
	}
	c.subscriptions = subscriptions{}
}
