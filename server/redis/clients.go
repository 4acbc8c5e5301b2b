package redis

import (
	"cmp"
	"slices"
	"sync"
)

// clients are the connections, by their numbers.
type clients struct {
	mu   sync.Mutex
	last int64
	byID map[int64]*Client
}

// add gives a client its number, unless there are too many.
func (s *clients) add(c *Client, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= most {
		return false
	}
	if s.byID == nil {
		s.byID = make(map[int64]*Client)
	}
	s.last++
	c.id = s.last
	s.byID[c.id] = c
	return true
}

func (s *clients) remove(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[c.id] == c {
		delete(s.byID, c.id)
	}
}

func (s *clients) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

// list is every client there is now, the oldest first.
func (s *clients) list() []*Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Client, 0, len(s.byID))
	for _, c := range s.byID {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *Client) int { return cmp.Compare(a.id, b.id) })
	return list
}

func (s *clients) each(do func(*Client)) {
	for _, c := range s.list() {
		do(c)
	}
}
