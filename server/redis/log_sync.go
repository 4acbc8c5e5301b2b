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
//
// Whom a sync has served comes back with the next write a moment later. To sync at once for
// those who have gathered would part the clients into groups that never meet again, with a sync
// for each. So all who were there are waited for, but no longer than the last sync took.
type logSync struct {
	db store

	mu       sync.Mutex // of what follows
	waiting  []*Client
	running  bool          // a goroutine serves who waits
	expected int           // how many are to wait before the next sync
	until    time.Time     // when it begins with fewer
	complete chan struct{} // told when the last one who is expected comes; of capacity 1
	patience *time.Timer   // of the goroutine that serves
}

func newLogSync(db store) *logSync {
	patience := time.NewTimer(0)
	patience.Stop()
	return &logSync{db: db, complete: make(chan struct{}, 1), patience: patience}
}

// await has the client's event loop call it when what was written before is on disk. The
// client is held, and belongs to nobody until then.
func (s *logSync) await(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, c)
	switch {
	case !s.running:
		s.running = true
		go s.run()
	case len(s.waiting) == s.expected:
		select {
		case s.complete <- struct{}{}:
		default: // somebody was late, and that was not yet heard
		}
	}
}

// run syncs until nobody waits.
func (s *logSync) run() {
	var clients []*Client
	var sockets []*eventloop.Conn
	for {
		s.gather()
		if clients = s.take(clients); len(clients) == 0 {
			return
		}
		begun := time.Now()
		err := s.db.SyncLog()
		s.expect(len(clients), time.Since(begun))
		sockets = sockets[:0]
		for _, c := range clients {
			c.syncFailure = err
			sockets = append(sockets, c.socket)
		}
		eventloop.Release(sockets)
	}
}

// gather returns when all who are expected wait, or the time for that is over.
func (s *logSync) gather() {
	s.mu.Lock()
	left := time.Until(s.until)
	isComplete := len(s.waiting) >= s.expected
	s.mu.Unlock()
	if isComplete || left <= 0 {
		return
	}
	s.patience.Reset(left)
	defer s.patience.Stop()
	select {
	case <-s.complete: // of this gathering, or of one that had ended: then this one ends early
	case <-s.patience.C:
	}
}

// expect is the end of a sync that has served so many clients, and took so long.
func (s *logSync) expect(served int, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected, s.until = served+len(s.waiting), time.Now().Add(took)
}

// take returns who waits, and gathers later ones in the memory of those before. Without
// anybody it is the end of the goroutine that serves.
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
