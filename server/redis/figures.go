package redis

import (
	"sync/atomic"
	"time"
)

// commandFigures count what was done of a command. They are written by all clients.
type commandFigures struct {
	calls, rejected, failed atomic.Int64
	nanos                   atomic.Int64
}

// account counts a command that was performed.
func (s *Server) account(c *Client, cmd *Command, args [][]byte, begin time.Time, took time.Duration, err error) {
	f := &cmd.figures
	f.calls.Add(1)
	f.nanos.Add(int64(took))
	if err != nil {
		f.failed.Add(1)
	}
	s.commandsDone.Add(1)
}

// accountRun counts n commands that were performed together.
func (s *Server) accountRun(c *Client, cmd *Command, n, failed int, begin time.Time) {
	f := &cmd.figures
	f.calls.Add(int64(n))
	f.failed.Add(int64(failed))
	f.nanos.Add(int64(time.Since(begin)))
	s.commandsDone.Add(int64(n))
}
