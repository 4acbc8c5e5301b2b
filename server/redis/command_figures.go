package redis

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"time"
)

// commandFigures count what was done of a command. Clients write to the shard that their
// number falls on, so that those on different cores seldom write to the same line; who
// asks for the figures adds the shards up.
type commandFigures []commandShard

type commandShard struct {
	nanos, failed, rejected atomic.Int64
	durations               histogram // of every call, so it has the number of calls too
	_                       [64]byte  // keeps a neighbour's lines apart
}

// figureShards is how many shards figures have: a power of two, and more than there are
// cores, so that clients that run at once seldom share one; up to a bound.
func figureShards() int {
	return 1 << bits.Len(uint(max(8, min(2*runtime.GOMAXPROCS(0), 64))-1))
}

// of is the shard of a client.
func (f commandFigures) of(c *Client) *commandShard { return &f[int(c.id)&(len(f)-1)] }

// count adds n calls that took so long together.
func (s *commandShard) count(n, failed int, took time.Duration) {
	s.durations[bucketOf(took/time.Duration(n))].Add(int64(n))
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
		for b := range s.durations {
			s.durations[b].Store(0)
		}
	}
}

// CommandFigures are what was done of a command since the server began, or since CONFIG
// RESETSTAT.
type CommandFigures struct {
	Name     string        `json:"name"` // of a subcommand, that of its command and | first
	Calls    int64         `json:"calls"`
	Failed   int64         `json:"failed"`   // calls that ended with an error
	Rejected int64         `json:"rejected"` // not executed, for their arguments or what the client may do
	Time     time.Duration `json:"time"`     // of all calls, in nanoseconds
	// Latencies are how many calls took how long. The calls of a pipeline that were
	// executed together count each with its part of the time.
	Latencies Latencies `json:"latencies"`
}

func (c *Command) snapshot() CommandFigures {
	f := CommandFigures{Name: c.fullName()}
	for i := range c.figures {
		s := &c.figures[i]
		f.Failed += s.failed.Load()
		f.Rejected += s.rejected.Load()
		f.Time += time.Duration(s.nanos.Load())
		f.Latencies.add(&s.durations)
	}
	f.Calls = f.Latencies.Count()
	return f
}
