package redis

import "sync/atomic"

// notifyClass is a kind of event of a key, named by a letter in notify-keyspace-events.
type notifyClass uint32

// The classes of Redis that strings have.
const (
	notifyKeyspace notifyClass = 1 << iota // K
	notifyKeyevent                         // E
	notifyGeneric                          // g
	notifyString                           // $
	notifyExpired                          // x
	notifyEvicted                          // e
	notifyNew                              // n
	notifyKeyMiss                          // m
)

// event happened to a key.
type event struct {
	class    notifyClass
	name     string
	key      string
	database int
}

// notifications are which events are published.
type notifications struct{ classes atomic.Uint32 }

func (n *notifications) any() bool { return n.classes.Load() != 0 }

func (n *notifications) wants(class notifyClass) bool {
	classes := notifyClass(n.classes.Load())
	return classes&class != 0 && classes&(notifyKeyspace|notifyKeyevent) != 0
}

// wantsExistence tells whether somebody wants to know of keys that are new or missed, which
// only a transaction finds out.
func (n *notifications) wantsExistence() bool { return n.wants(notifyNew | notifyKeyMiss) }

// publishEvents publishes what has happened by a request.
func (s *Server) publishEvents(r *Request) {
	for i := range r.events {
		s.publishEvent(r.client, &r.events[i])
	}
}
