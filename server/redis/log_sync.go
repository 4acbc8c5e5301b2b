package redis

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/eventloop"
)

// Where a write is to be on disk before it is answered, commands do not wait for the disk one
// by one. They write as if that were not asked for, and a client's replies are sent once the
// log was synced: so a pipeline takes one sync, and so do all clients whose replies wait at
// the same time, as with Redis's appendfsync always.

// logSync has one sync of the log serve all clients that wait for one.
//
// The first who waits leads: its event loop calls it when nothing is left that could be read, and
// it syncs in its handler, for all who wait by then. The loop stands still meanwhile, as that of
// Redis does. So whom a sync has served comes back before the next one begins, and clients do
// not part into groups with a sync for each; and nobody has to be woken but by the disk. Where
// others would be held up, clients who read, the leader gives the loop away before it syncs. Who
// waits meanwhile has the next sync, which one of them leads.
type logSync struct {
	db store
	// othersCame says that since the last sync began clients came who wait for none.
	othersCame atomic.Bool

	mu      sync.Mutex // of what follows
	waiting []*Client
	syncing bool

	// Of the client who syncs.
	served  []*Client
	sockets []*eventloop.Conn
}

func newLogSync(db store) *logSync { return &logSync{db: db} }

// await has the client's event loop call it when what was written before is on disk, or to see
// to that. The client is held, and belongs to nobody until then.
func (s *logSync) await(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, c)
	if len(s.waiting) == 1 && !s.syncing {
		c.lead()
	}
}

// lead syncs for all who wait. It is called by a client who leads, in its handler.
func (s *logSync) lead(leader *Client) error {
	s.begin()
	defer s.end()
	if s.othersCame.Swap(false) {
		leader.socket.HandOver()
	}
	err := s.db.SyncLog()
	s.sockets = s.sockets[:0]
	for _, c := range s.served {
		if c != leader {
			c.syncFailure = err
			s.sockets = append(s.sockets, c.socket)
		}
	}
	eventloop.Release(s.sockets)
	clear(s.sockets) // so that it keeps nobody who leaves
	return err
}

// begin takes who waits: what they have written is covered by a sync that begins after it.
func (s *logSync) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting, s.served = s.served[:0], s.waiting
	s.syncing = true
}

// end has the first of those who came meanwhile lead the next sync.
func (s *logSync) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.served)
	s.syncing = false
	if len(s.waiting) > 0 {
		s.waiting[0].lead()
	}
}

// noteOther notes a client that waits for no sync.
func (s *logSync) noteOther() {
	if !s.othersCame.Load() { // the line is written to once a sync
		s.othersCame.Store(true)
	}
}

// unsynced is what a client keeps of writes that may not be on disk.
type unsynced struct {
	hasWritten  bool  // what is in out answers them too
	awaits      bool  // is held, until the log was synced or it is to sync it
	leads       bool  // is to sync it, for others too
	syncFailure error // set by logSync before it releases the client
}

// lead has the client, who is held, sync the log when its event loop is idle.
func (c *Client) lead() {
	c.leads = true
	c.socket.ReleaseWhenIdle()
}

// writes are the options of a write, whose reply flush sends once it is durable.
func (c *Client) writes() mantisdb.WriteOptions { return c.writesFor(0) }

// writesFor is writes with a time to live.
func (c *Client) writesFor(ttl time.Duration) mantisdb.WriteOptions {
	if !c.server.writesWait {
		return mantisdb.WriteOptions{TTL: ttl}
	}
	c.hasWritten = true
	return mantisdb.WriteOptions{TTL: ttl, Durability: mantisdb.DurabilityBuffered}
}

// holdReplies has the replies wait for the disk without holding anybody up, and returns true
// if an event loop can go on with the client then: the caller is to return without touching it.
func (c *Client) holdReplies() bool {
	switch {
	case !c.server.writesWait:
		return false
	case !c.hasWritten:
		c.server.logSync.noteOther()
		return false
	case len(c.out.Buf) == 0 || c.socket == nil:
		return false
	}
	// Before it is anybody else's. What waits takes memory.
	c.showBuffer()
	c.countMemory()
	c.awaits = true
	if !c.socket.Hold() {
		c.awaits = false
		return false
	}
	c.server.logSync.await(c)
	return true
}

// sendHeld sends the replies that waited for the disk, if there are such, after a sync if the
// client leads.
func (c *Client) sendHeld() error {
	if !c.awaits {
		return nil
	}
	c.awaits = false
	if c.leads {
		c.leads = false
		c.syncFailure = c.server.logSync.lead(c)
	}
	c.request.now = time.Now()
	if err := c.sendSynced(c.syncFailure); err != nil {
		return err
	}
	c.countMemory()
	return c.extendDeadline()
}

// syncAndSend waits until what was written is on disk, and sends the replies.
func (c *Client) syncAndSend() error {
	c.ownGoroutine()
	return c.sendSynced(c.server.db.SyncLog())
}

// sendSynced sends the replies after a sync. A client of a sync that failed is disconnected.
func (c *Client) sendSynced(failure error) error {
	c.settle(failure)
	if err := c.send(); err != nil {
		return err
	}
	if failure != nil {
		return errQuit
	}
	return nil
}

// settle is the end of the wait for a sync. If that failed, nobody knows what is on disk, and
// the client is told so in place of all replies.
func (c *Client) settle(failure error) {
	c.hasWritten = false
	if failure != nil {
		c.out.Buf = c.out.Buf[:0]
		c.replyError(failure)
	}
}
