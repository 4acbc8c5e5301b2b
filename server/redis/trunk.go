package redis

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// trunk is a connection to a peer that many calls share.
type trunk struct {
	conn net.Conn
	out  *outbox

	ended   chan struct{} // closed when no reply comes any more
	mu      sync.Mutex    // of what follows
	last    uint64        // the number of the last call
	pending map[uint64]*pending
	retired bool // no more calls begin; when none is pending, the connection is closed
}

// pending is a call that waits for its replies. They belong to the goroutine that reads until it
// is done, and then to who has called.
type pending struct {
	call    *call
	began   time.Time
	replies []byte
	err     error
	done    chan struct{} // has room for one
}

// pendings are used again, but for those that were given up: the reader may still have them.
var pendings = sync.Pool{New: func() any { return &pending{done: make(chan struct{}, 1)} }}

// keepReplies is how much memory for replies is kept for the next call.
const keepReplies = 16 << 10

// newTrunk begins a trunk over a connection, in a cluster with a number, or an empty one.
func newTrunk(conn net.Conn, number string) *trunk {
	t := &trunk{conn: conn, out: newOutbox(conn, sendTimeout), pending: map[uint64]*pending{}, ended: make(chan struct{})}
	t.out.put(func(queue []byte) []byte { return append(queue, trunkHelloOf(number)...) })
	go t.read()
	go t.watch()
	return t
}

// do sends a call, and appends the last of its replies to dst. The error is errUnsent,
// errUnanswered or resp.ErrReplyTooLong.
func (t *trunk) do(dst []byte, x *call) ([]byte, error) {
	p := pendings.Get().(*pending)
	p.call, p.began, p.replies, p.err = x, time.Now(), p.replies[:0], nil
	number, ok := t.begin(p)
	if !ok {
		return dst, errUnsent
	}
	head := [callHead]byte{byte(x.database), byte(x.proto)}
	sent := t.out.put(func(queue []byte) []byte { return appendFrame(queue, frameCall, number, head[:], x.commands) })
	if !sent && t.end(number) != nil {
		return dst, errUnsent
	}
	<-p.done
	if p.err != nil {
		return dst, p.err
	}
	last, err := lastReply(p.replies, x.replies)
	if err != nil {
		t.conn.Close() // nor does what follows make sense
		return dst, errors.Join(errUnanswered, err)
	}
	if len(dst)+len(last) > x.limit {
		return dst, resp.ErrReplyTooLong
	}
	dst = append(dst, last...)
	p.release()
	return dst, nil
}

// release has a call that was answered be used again.
func (p *pending) release() {
	if p.call = nil; cap(p.replies) > keepReplies {
		p.replies = nil
	}
	pendings.Put(p)
}

// lastReply is the last of n replies, or an error after which there are no more.
func lastReply(replies []byte, n int) (last []byte, err error) {
	for ; n > 0 && (len(replies) > 0 || len(last) == 0 || last[0] != '-'); n-- {
		length, err := resp.ReplyLen(replies)
		if err != nil {
			return nil, err
		}
		last, replies = replies[:length], replies[length:]
	}
	if len(replies) > 0 {
		return nil, resp.ProtocolError("more replies than commands")
	}
	return last, nil
}

// begin gives a call its number, unless no more may begin.
func (t *trunk) begin(p *pending) (number uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.retired {
		return 0, false
	}
	t.last++
	t.pending[t.last] = p
	return t.last, true
}

// end takes a call from those that are pending: who does so tells that it is done. nil if it is
// none of them any more. The last one of a retired trunk closes that.
func (t *trunk) end(number uint64) *pending {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pending[number]
	delete(t.pending, number)
	t.closeIfDone()
	return p
}

// retire has no more calls begin.
func (t *trunk) retire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retired = true
	t.closeIfDone()
}

func (t *trunk) closeIfDone() {
	if t.retired && len(t.pending) == 0 {
		t.conn.Close()
	}
}

// isRetired tells whether no more calls may begin.
func (t *trunk) isRetired() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.retired
}

// get is a pending call, nil if it is none.
func (t *trunk) get(number uint64) *pending {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pending[number]
}

// finish has a call end with an error, unless it has ended.
func (t *trunk) finish(number uint64, why error) {
	if p := t.end(number); p != nil {
		p.err = why
		p.done <- struct{}{}
	}
}

// read takes replies in until the connection ends. What is pending then has no answer.
func (t *trunk) read() {
	in := bufio.NewReaderSize(t.conn, trunkBuffer)
	for {
		f, err := readFrame(in)
		if err == nil {
			err = t.take(&f, in)
		}
		if err != nil {
			t.fail(err)
			return
		}
	}
}

// take reads the rest of a frame.
func (t *trunk) take(f *frame, in *bufio.Reader) error {
	switch f.kind {
	case framePiece, frameReply:
		return t.takeReplies(f, in)
	case frameRefused:
		t.retire()
		t.finish(f.call, errUnsent)
		return f.skipBody(in)
	}
	return fmt.Errorf("a frame of kind %d", f.kind)
}

func (t *trunk) takeReplies(f *frame, in *bufio.Reader) (err error) {
	p := t.get(f.call)
	if p != nil && len(p.replies)+f.length > p.call.mostReplied() {
		t.finish(f.call, resp.ErrReplyTooLong)
		p = nil
	}
	if p == nil { // it was given up
		return f.skipBody(in)
	}
	if p.replies, err = f.readBody(in, p.replies); err != nil {
		return err
	}
	if f.kind == frameReply {
		t.finish(f.call, nil)
	}
	return nil
}

// fail ends the trunk, and all calls.
func (t *trunk) fail(why error) {
	close(t.ended)
	t.out.close()
	t.mu.Lock()
	t.retired = true
	left := slices.Collect(maps.Keys(t.pending))
	t.mu.Unlock()
	t.conn.Close()
	for _, number := range left {
		t.finish(number, errors.Join(errUnanswered, why))
	}
}

// watch gives calls up for which no answer is to be waited any more. Others have hardly a better
// lot, and so no more begin here.
func (t *trunk) watch() {
	ticker := time.NewTicker(answerPause)
	defer ticker.Stop()
	for {
		select {
		case <-t.ended:
			return
		case now := <-ticker.C:
			for number, waitsFor := range t.since(now.Add(-answerPause)) {
				if !waitsFor() {
					t.retire()
					t.finish(number, errUnanswered)
				}
			}
		}
	}
}

// since are the pending calls that began before a time, with what tells whether to wait for them.
func (t *trunk) since(before time.Time) map[uint64]func() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := map[uint64]func() bool{}
	for number, p := range t.pending {
		if p.began.Before(before) {
			list[number] = p.call.waitsFor
		}
	}
	return list
}
