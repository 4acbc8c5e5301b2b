package redis

import (
	"math"
	"sync/atomic"
	"time"
)

// slowCommands are what took long: the log of commands, and the record of events. What is
// fast touches one number of them, which is seldom written.
type slowCommands struct {
	// threshold is the shortest time in nanoseconds that either wants to know of.
	threshold atomic.Int64
	// logFrom is slowlog-log-slower-than, in microseconds; below 0 is never.
	logFrom atomic.Int64
	// eventFrom is latency-monitor-threshold, in milliseconds; 0 is never.
	eventFrom atomic.Int64
	log       slowLog
	events    latencyEvents
}

// Redis's own settings of the log.
const (
	defaultSlowFrom   = 10_000
	defaultSlowLength = 128
)

func (s *slowCommands) init() {
	s.log.length = defaultSlowLength
	s.setLogFrom(defaultSlowFrom)
}

func (s *slowCommands) setLogFrom(micros int64) {
	s.logFrom.Store(micros)
	s.adjust()
}

func (s *slowCommands) setEventFrom(millis int64) {
	s.eventFrom.Store(millis)
	s.adjust()
}

func (s *slowCommands) adjust() {
	threshold := int64(math.MaxInt64)
	if from := s.logFrom.Load(); from >= 0 {
		threshold = nanos(from, time.Microsecond)
	}
	if from := s.eventFrom.Load(); from > 0 {
		threshold = min(threshold, nanos(from, time.Millisecond))
	}
	s.threshold.Store(threshold)
}

// nanos is n units in nanoseconds, or the most there is.
func nanos(n int64, unit time.Duration) int64 {
	if n > math.MaxInt64/int64(unit) {
		return math.MaxInt64
	}
	return n * int64(unit)
}

// all tells whether every command is logged, so that none may be executed together with
// others.
func (s *slowCommands) all() bool { return s.logFrom.Load() == 0 }

// watchesSlow tells whether a command that took so long may have to be recorded.
func (s *Server) watchesSlow(took time.Duration) bool {
	return int64(took) >= s.slow.threshold.Load()
}

// recordSlow records a command, as far as it is slow.
func (s *Server) recordSlow(c *Client, cmd *Command, args [][]byte, begin time.Time, took time.Duration) {
	if from := s.slow.logFrom.Load(); from >= 0 && took.Microseconds() >= from && !cmd.has(flagSkipSlowlog) {
		s.slow.log.add(slowEntry{
			began: begin, took: took, args: s.loggedArgs(cmd, args),
			address: c.conn.RemoteAddr().String(), name: c.clientName(),
		})
	}
	if from := s.slow.eventFrom.Load(); from > 0 && took.Milliseconds() >= from {
		event := eventCommand
		if cmd.has(flagFast) {
			event = eventFastCommand
		}
		s.slow.events.add(event, begin.Add(took).Unix(), took.Milliseconds())
	}
}
