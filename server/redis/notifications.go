package redis

import (
	"strings"
	"sync"
	"sync/atomic"
)

// notifyClass is a kind of event of a key, named by a letter in notify-keyspace-events.
type notifyClass uint32

// The classes of Redis. Those of other types than strings have no events here.
const (
	notifyKeyspace notifyClass = 1 << iota // K
	notifyKeyevent                         // E
	notifyGeneric                          // g
	notifyString                           // $
	notifyList                             // l
	notifySet                              // s
	notifyHash                             // h
	notifyZSet                             // z
	notifyExpired                          // x
	notifyEvicted                          // e
	notifyStream                           // t
	notifyModule                           // d
	notifyNew                              // n
	notifyKeyMiss                          // m

	// notifyAll is A: all but those that are told apart by hand.
	notifyAll = notifyGeneric | notifyString | notifyList | notifySet | notifyHash | notifyZSet |
		notifyExpired | notifyEvicted | notifyStream | notifyModule
)

// notifyLetters are the classes in the order in which Redis writes them.
var notifyLetters = []struct {
	class  notifyClass
	letter byte
}{
	{notifyGeneric, 'g'}, {notifyString, '$'}, {notifyList, 'l'}, {notifySet, 's'},
	{notifyHash, 'h'}, {notifyZSet, 'z'}, {notifyExpired, 'x'}, {notifyEvicted, 'e'},
	{notifyStream, 't'}, {notifyModule, 'd'}, {notifyNew, 'n'},
	{notifyKeyspace, 'K'}, {notifyKeyevent, 'E'}, {notifyKeyMiss, 'm'},
}

// parseNotifyFlags reads the value of notify-keyspace-events: letters in any order, A for
// all that notifyAll has. Another letter is an error, worded as what CONFIG SET says behind
// its own words.
func parseNotifyFlags(text string) (notifyClass, error) {
	classes := notifyClass(0)
next:
	for i := range len(text) {
		if text[i] == 'A' {
			classes |= notifyAll
			continue
		}
		for _, l := range notifyLetters {
			if l.letter == text[i] {
				classes |= l.class
				continue next
			}
		}
		return 0, Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
	}
	return classes, nil
}

// String is the value of notify-keyspace-events. As in Redis, A stands for n as well if
// that is there.
func (n notifyClass) String() string {
	var text strings.Builder
	if n&notifyAll == notifyAll {
		text.WriteByte('A')
		n &^= notifyAll | notifyNew
	}
	for _, l := range notifyLetters {
		if n&l.class != 0 {
			text.WriteByte(l.letter)
		}
	}
	return text.String()
}

// event happened to a key.
type event struct {
	class    notifyClass
	name     string
	key      string
	database int
}

// notifications are which events are published.
type notifications struct {
	classes  atomic.Uint32
	changing sync.Mutex
}

func (n *notifications) any() bool { return n.classes.Load() != 0 }

func (n *notifications) wants(class notifyClass) bool {
	return notifyClass(n.classes.Load()).have(class)
}

// wantsExistence tells whether somebody wants to know of keys that are new or missed, which
// only a transaction finds out.
func (n *notifications) wantsExistence() bool { return n.wants(notifyNew | notifyKeyMiss) }

// have tells whether events of a class are published.
func (n notifyClass) have(class notifyClass) bool {
	return n&class != 0 && n&(notifyKeyspace|notifyKeyevent) != 0
}

// setNotifications has events of certain classes published from now on. On an error
// nothing has changed. It may be called from any goroutine.
func (s *Server) setNotifications(classes notifyClass) error {
	s.notifications.changing.Lock()
	defer s.notifications.changing.Unlock()
	if err := s.expiries.set(classes.have(notifyExpired)); err != nil {
		return err
	}
	s.notifications.classes.Store(uint32(classes))
	return nil
}

// notifyClasses are those that are published.
func (s *Server) notifyClasses() notifyClass { return notifyClass(s.notifications.classes.Load()) }

// publishEvents publishes what has happened by a request.
func (s *Server) publishEvents(r *Request) {
	for i := range r.events {
		s.publishEvent(r.client, &r.events[i])
	}
}
