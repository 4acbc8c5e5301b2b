package redis

import (
	"context"
	"sync"

	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// publisher brings messages to a peer, in their order and without anybody waiting for it. As
// for a subscriber who does not read, what is too much is lost.
type publisher struct {
	mu      sync.Mutex
	queue   []byte
	count   int  // messages in it
	sending bool // a goroutine sends
}

// mostPublished is how many bytes may wait for a peer.
const mostPublished = 32 << 20

// publish has a message sent to the peer.
func (p *peer) publish(ctx context.Context, command []byte) {
	q := &p.published
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue)+len(command) > mostPublished {
		return
	}
	q.queue = append(q.queue, command...)
	q.count++
	if !q.sending {
		q.sending = true
		go p.sendPublished(ctx)
	}
}

// sendPublished sends until nothing waits. What does not reach the peer is lost.
func (p *peer) sendPublished(ctx context.Context) {
	for {
		commands, count := p.published.take()
		if count == 0 {
			return
		}
		_, _ = p.exchange(ctx, nil, &call{
			commands: commands, replies: count, proto: 2, limit: resp.UnauthBulk,
			waitsFor: func() bool { return ctx.Err() == nil },
		})
	}
}

func (q *publisher) take() (commands []byte, count int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	commands, count = q.queue, q.count
	q.queue, q.count, q.sending = nil, 0, count > 0
	return commands, count
}
