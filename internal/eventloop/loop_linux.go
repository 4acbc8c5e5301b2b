//go:build linux && (amd64 || arm64)

package eventloop

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// loop finds out which connections can be read, and calls their handlers. One goroutine
// runs it at a time, the leader, whose term ends when the connection that it serves becomes
// its own. What belongs to the leader passes to the next one with the role.
type loop struct {
	watchdog *watchdog

	term atomic.Uint64 // the number of the leader
	beat atomic.Uint64 // handlers that were called
	// current is the connection whose handler was called last.
	current atomic.Pointer[Conn]

	// Of the leader.
	events []syscall.EpollEvent
	found  int     // of events
	of     []*Conn // those of the events that were found
	queue  []*Conn // whose handlers are to be called
	head   int     // of the queue; what is before it was called
	// brisk says that events came soon when they were waited for last, and yielded when
	// other goroutines had their turn.
	brisk   bool
	yielded time.Time
	// woke says that goroutines whose connections are their own were told of events. The
	// scheduler learns late that a thread which waits for events does not need its processor.
	woke bool
	// defers says that somebody is to be called when nothing else is left to be done.
	defers bool

	epoll      int
	wake       int // an eventfd
	mayBeBrisk bool

	mu     sync.Mutex // of what follows
	slots  []slot
	free   []int32 // slots
	open   int     // connections
	posted []*Conn // that others want called
	// deferred are held until nothing else is left to be done, the first of them since then.
	deferred      []*Conn
	deferredSince time.Time
	closing       bool
	ended         bool // nothing is called any more, and the descriptors are closed
}

// slot is where a connection is found by the event of its descriptor, which carries the
// slot's number, and how many had it before: so that an event which is late is not taken
// for one of the next connection.
type slot struct {
	conn *Conn
	used int32
}

// mostEvents is how many are taken at once.
const mostEvents = 128

// Events that come within briskGap come soon. briskWait is how long the leader waits with its
// thread for the next ones then, and yieldAfter how long it may go on until others have their
// turn. A shorter wait costs more: a timer that ends before all others of the system is set for
// each.
const (
	briskGap   = 200 * time.Microsecond
	briskWait  = time.Millisecond
	yieldAfter = time.Millisecond
)

// longestDeferral is how long others are called first, where they never leave the loop idle.
const longestDeferral = time.Millisecond

// wakeSlot is that of the loop's own eventfd.
const wakeSlot = -1

func newLoop(w *watchdog) (*loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	l := &loop{watchdog: w, epoll: epoll, events: make([]syscall.EpollEvent, mostEvents), mayBeBrisk: runtime.GOMAXPROCS(0) > 1}
	if l.wake, err = newEvent(); err != nil {
		syscall.Close(l.epoll)
		return nil, err
	}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, l.wake, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: wakeSlot}); err != nil {
		syscall.Close(l.wake)
		syscall.Close(l.epoll)
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return l, nil
}

// The edges that a connection is told of. That there is room to write again is asked for
// where it is waited for.
const (
	epollET    = 1 << 31 // syscall.EPOLLET is negative
	readEdges  = syscall.EPOLLIN | syscall.EPOLLRDHUP | epollET
	writeEdges = readEdges | syscall.EPOLLOUT
)

// add has the loop watch a connection.
func (l *loop) add(c *Conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return os.ErrClosed
	}
	var at int32
	if n := len(l.free); n > 0 {
		at, l.free = l.free[n-1], l.free[:n-1]
	} else {
		at = int32(len(l.slots))
		l.slots = append(l.slots, slot{})
	}
	s := &l.slots[at]
	s.used++
	event := syscall.EpollEvent{Events: readEdges, Fd: at, Pad: s.used}
	if err := syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		l.free = append(l.free, at)
		return os.NewSyscallError("epoll_ctl", err)
	}
	s.conn = c
	c.loop, c.event = l, event
	l.open++
	return nil
}

// remove forgets a connection whose descriptor is about to be closed.
func (l *loop) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slots[c.event.Fd].conn = nil
	l.free = append(l.free, c.event.Fd)
	if l.open--; l.open == 0 && l.closing {
		l.rouse()
	}
}

// post has the loop call the handler of a connection, if that is parked.
func (l *loop) post(c *Conn) {
	l.enqueue(c)
	l.lookAround()
}

// enqueue is post, but the leader looks for it only when it looks anyway, or is told to
// look around.
func (l *loop) enqueue(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posted = append(l.posted, c)
}

// release has the loop release a connection that is held when it is idle.
func (l *loop) release(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.deferred) == 0 {
		l.deferredSince = time.Now()
	}
	l.deferred = append(l.deferred, c)
	l.rouse()
}

func (l *loop) lookAround() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rouse()
}

// close ends the loop once it has no connections.
func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = true
	l.rouse()
}

// rouse has the leader look at what others have changed. It is called with mu.
func (l *loop) rouse() {
	if !l.ended {
		signal(l.wake)
	}
}

// run is the leader's goroutine, until its term ends.
func (l *loop) run(term uint64) {
	for {
		if !l.gather() {
			l.end()
			return
		}
		// Only those that are there now: what they add waits for the next events.
		for n := len(l.queue); l.head < n; {
			l.head++
			if !l.call(l.queue[l.head-1], term) {
				return
			}
		}
	}
}

// call has a connection's handler called, if it is parked, by the leader of a term. It
// returns false if that is over.
func (l *loop) call(c *Conn, term uint64) bool {
	l.current.Store(c)
	if !c.enter() {
		return true
	}
	l.beat.Add(1)
	l.watchdog.rouse()
	c.handler()
	return c.exit(term)
}

// succeed has another goroutine lead. It is called by the leader, or on behalf of one that
// is stuck in a handler whose connection was just made its own.
func (l *loop) succeed() { go l.run(l.term.Add(1)) }

// gather waits for events, unless there are connections in the queue or that are deferred, and
// queues the connections that are to be called. It returns false if the loop is to end.
func (l *loop) gather() (goOn bool) {
	l.queue = slices.Delete(l.queue, 0, l.head)
	l.head = 0
	if len(l.queue) > 0 || l.defers {
		l.found = poll(l.epoll, l.events)
	} else if err := l.wait(); err != nil {
		return false // which nothing makes it do but a defect
	}
	goOn = l.resolve()
	for i, c := range l.of {
		if c != nil && c.happened(l.events[i].Events) {
			l.queue = append(l.queue, c)
		}
	}
	clear(l.of)
	if l.defers {
		l.releaseDeferred()
	}
	return goOn
}

// releaseDeferred queues who is deferred, if nothing else is left to be done or that took long.
func (l *loop) releaseDeferred() {
	for _, c := range l.takeDeferred() {
		if c.endHold() { // whose lock is taken before that of the loop
			l.queue = append(l.queue, c)
		}
	}
}

func (l *loop) takeDeferred() (taken []*Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 && time.Since(l.deferredSince) < longestDeferral {
		return nil
	}
	taken, l.deferred = l.deferred, nil
	l.defers = false
	return taken
}

// wait waits for events. While they come soon after each other, it does so with its thread,
// for briskWait at most: to tell the scheduler, and have it find something else to do and
// then the way back, takes several times as long as to wait. That keeps a processor of the
// scheduler's, so it is not done where there is one alone, and others have their turn now
// and then.
func (l *loop) wait() error {
	begun := time.Now()
	if l.woke || l.brisk && begun.Sub(l.yielded) > yieldAfter {
		l.woke = false
		runtime.Gosched()
		begun = time.Now() // The turns of others are no wait for events.
		l.yielded = begun
	}
	if l.brisk {
		if l.found, l.mayBeBrisk = pollFor(l.epoll, l.events, briskWait); l.found > 0 {
			l.noteGap(begun)
			return nil
		}
	}
	n, err := syscall.EpollWait(l.epoll, l.events, -1)
	l.found = max(n, 0)
	l.noteGap(begun)
	if errors.Is(err, syscall.EINTR) {
		return nil
	}
	return err
}

// noteGap notes whether events that were waited for since begun came soon.
func (l *loop) noteGap(begun time.Time) {
	l.brisk = l.mayBeBrisk && time.Since(begun) < briskGap
}

// resolve finds the connections of the events that were found, and queues those that were
// posted. It returns false if there is nothing more to come.
func (l *loop) resolve() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of = l.of[:0]
	for _, e := range l.events[:l.found] {
		var conn *Conn
		if e.Fd == wakeSlot {
			clearSignal(l.wake)
		} else if s := l.slots[e.Fd]; s.used == e.Pad {
			conn = s.conn
		}
		l.of = append(l.of, conn)
	}
	// Those too whose signal was not found yet: the last of them may have left nothing open.
	l.queue = append(l.queue, l.posted...)
	clear(l.posted)
	l.posted = l.posted[:0]
	l.defers = len(l.deferred) > 0
	l.ended = l.closing && l.open == 0 && len(l.queue) == 0
	return !l.ended
}

// end closes what the loop has, which is called by its last leader.
func (l *loop) end() {
	syscall.Close(l.epoll)
	syscall.Close(l.wake)
}
