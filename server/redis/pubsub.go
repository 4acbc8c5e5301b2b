package redis

import (
	"fmt"
	"sync"

	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// hub knows who listens to what.
type hub struct {
	mu       sync.RWMutex
	channels map[string]map[*Client]struct{}
	patterns map[string]map[*Client]struct{}
}

// subscriptions are a client's own. They belong to its goroutine.
type subscriptions struct {
	channels map[string]struct{}
	patterns map[string]struct{}
}

func (s *subscriptions) count() int { return len(s.channels) + len(s.patterns) }

// publish sends a message to all who listen, and tells how many did. from, if it listens
// itself, has it in its replies.
func (h *hub) publish(from *Client, channel string, message []byte) (receivers int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for c := range h.channels[channel] {
		c.deliver(from, func(w *resp.Writer) {
			w.Push(3)
			w.BulkString("message")
			w.BulkString(channel)
			w.Bulk(message)
		})
		receivers++
	}
	for pattern, listeners := range h.patterns {
		if !matches(pattern, channel) {
			continue
		}
		for c := range listeners {
			c.deliver(from, func(w *resp.Writer) {
				w.Push(4)
				w.BulkString("pmessage")
				w.BulkString(pattern)
				w.BulkString(channel)
				w.Bulk(message)
			})
			receivers++
		}
	}
	return receivers
}

// publishEvent publishes one event of a key.
func (s *Server) publishEvent(from *Client, e *event) {
	classes := notifyClass(s.notifications.classes.Load())
	if classes&notifyKeyspace != 0 {
		s.hub.publish(from, fmt.Sprintf("__keyspace@%d__:%s", e.database, e.key), []byte(e.name))
	}
	if classes&notifyKeyevent != 0 {
		s.hub.publish(from, fmt.Sprintf("__keyevent@%d__:%s", e.database, e.name), []byte(e.key))
	}
}

// deliver sends a message to a client; from is the one whose goroutine this is, if any.
func (c *Client) deliver(from *Client, write func(*resp.Writer)) {
	if c == from {
		write(&c.out)
		return
	}
	w := resp.Writer{Proto: int(c.proto.Load())}
	write(&w)
	c.sink.push(w.Buf)
}

func (c *Client) unsubscribeAll() {
	h := &c.server.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	for channel := range c.subscriptions.channels {
		dropListener(h.channels, channel, c)
	}
	for pattern := range c.subscriptions.patterns {
		dropListener(h.patterns, pattern, c)
	}
	c.subscriptions = subscriptions{}
}

func dropListener(listeners map[string]map[*Client]struct{}, name string, c *Client) {
	delete(listeners[name], c)
	if len(listeners[name]) == 0 {
		delete(listeners, name)
	}
}
