package redis

import (
	"sync/atomic"

	"github.com/mantisdb/mantisdb/server/figures"
)

// traffic counts what passes over connections, in shards as commandFigures are.
type traffic []trafficShard

type trafficShard struct {
	received, sent atomic.Int64 // bytes
	reads, writes  atomic.Int64
	commands       atomic.Int64
	_              [88]byte // keeps a neighbour's lines apart
}

func (t traffic) of(c *Client) *trafficShard { return &t[int(c.id)&(len(t)-1)] }

// sum is what has passed since the server began, or since CONFIG RESETSTAT.
func (t traffic) sum() (f figures.Traffic) {
	for i := range t {
		f.Received += t[i].received.Load()
		f.Sent += t[i].sent.Load()
		f.Reads += t[i].reads.Load()
		f.Writes += t[i].writes.Load()
		f.Commands += t[i].commands.Load()
	}
	return f
}

func (t traffic) reset() {
	for i := range t {
		t[i].received.Store(0)
		t[i].sent.Store(0)
		t[i].reads.Store(0)
		t[i].writes.Store(0)
		t[i].commands.Store(0)
	}
}
