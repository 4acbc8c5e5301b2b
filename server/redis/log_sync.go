package redis

import (
	"sync"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/eventloop"
)

// Where a write is to be on disk before it is answered, commands do not wait for the disk one
// by one. They write as if that were not asked for, and a client's replies are sent once the
// log was synced: so a pipeline takes one sync, and so do all clients whose replies wait at
// the same time, as with Redis's appendfsync always.

// logSync has one sync of the log serve all clients that wait for one. While it is under way
// those gather whom the next one serves.
type logSync struct {
	db store

	mu      sync.Mutex // of what follows
	waiting []*Client
	running bool // a goroutine serves who waits
}

// await has the client's event loop call it when what was written before is on disk. The
// client is held, and belongs to nobody until then.
func (s *logSync) await(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, c)
	if !s.running {
		s.running = true
		go s.run()
	}
}

// run syncs until nobody waits.
func (s *logSync) run() {
	var sockets []*eventloop.Conn
	for clients := s.take(nil); len(clients) > 0; clients = s.take(clients) {
		err := s.db.SyncLog()
		sockets = sockets[:0]
		for _, c := range clients {
			c.syncFailure = err
			sockets = append(sockets, c.socket)
		}
		eventloop.Release(sockets)
	}
}

// take returns who waits, and gathers later ones in the memory of those before.
func (s *logSync) take(served []*Client) []*Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(served)
	taken := s.waiting
	s.waiting, s.running = served[:0], len(taken) > 0
	return taken
}

// unsynced is what a client keeps of writes that may not be on disk.
type unsynced struct {
	hasWritten  bool  // what is in out answers them too
	awaits      bool  // is held, until the log was synced
	syncFailure error // set by logSync before it releases the client
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
	if !c.hasWritten || len(c.out.Buf) == 0 || c.socket == nil {
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

// sendHeld sends the replies that waited for the disk, if there are such.
func (c *Client) sendHeld() error {
	if !c.awaits {
		return nil
	}
	c.awaits = false
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
