package redis

import (
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// commandFigures count what was done of a command. Clients write to the shard that their
// number falls on, so that those on different cores seldom write to the same line; who
// asks for the figures adds the shards up.
type commandFigures []commandShard

type commandShard struct {
	nanos, failed, rejected atomic.Int64
	durations               figures.Histogram // of every call, so it has the number of calls too
	_                       [64]byte          // keeps a neighbour's lines apart
}

// of is the shard of a client.
func (f commandFigures) of(c *Client) *commandShard { return &f[int(c.id)&(len(f)-1)] }

// count adds n calls that took so long together.
func (s *commandShard) count(n, failed int, took time.Duration) {
	s.durations.Add(took/time.Duration(n), n)
	s.nanos.Add(int64(took))
	if failed > 0 {
		s.failed.Add(int64(failed))
	}
}

// reset forgets what was counted.
func (f commandFigures) reset() {
	for i := range f {
		s := &f[i]
		s.nanos.Store(0)
		s.failed.Store(0)
		s.rejected.Store(0)
		s.durations.Reset()
	}
}

// snapshot is what was done of the command since the server began, or since CONFIG
// RESETSTAT.
func (c *Command) snapshot() figures.Command {
	f := figures.Command{Name: c.fullName()}
	for i := range c.figures {
		s := &c.figures[i]
		f.Failed += s.failed.Load()
		f.Rejected += s.rejected.Load()
		f.Time += time.Duration(s.nanos.Load())
		f.Latencies.Add(&s.durations)
	}
	f.Calls = f.Latencies.Count()
	return f
}
