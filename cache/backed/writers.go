package backed

import (
	"hash/maphash"
	"sync"
)

// writers knows of each key who writes it now. Nobody waits for a store in it.
type writers struct {
	seed    maphash.Seed
	stripes [64]writerStripe
}

type writerStripe struct {
	sync.Mutex
	byKey map[string]*keyWriters
}

// keyWriters are those of one key who overlap, each with the next.
type keyWriters struct {
	now  int
	ever int
}

func (ws *writers) init() {
	ws.seed = maphash.MakeSeed()
	for i := range ws.stripes {
		ws.stripes[i].byKey = make(map[string]*keyWriters)
	}
}

func (ws *writers) stripe(key []byte) *writerStripe {
	return &ws.stripes[maphash.Bytes(ws.seed, key)%uint64(len(ws.stripes))]
}

// begin is called before a write of a key.
func (ws *writers) begin(key []byte) {
	s := ws.stripe(key)
	s.Lock()
	defer s.Unlock()
	k := s.byKey[string(key)]
	if k == nil {
		k = new(keyWriters)
		s.byKey[string(key)] = k
	}
	k.now++
	k.ever++
}

// end is called after it. settle is told whether it overlapped with no other, and runs
// before another of the key begins.
func (ws *writers) end(key []byte, settle func(alone bool) error) error {
	s := ws.stripe(key)
	s.Lock()
	defer s.Unlock()
	k := s.byKey[string(key)]
	if k.now--; k.now == 0 {
		delete(s.byKey, string(key))
	}
	return settle(k.ever == 1)
}
