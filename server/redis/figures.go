package redis

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// errorCounts are how many errors were replied, by their codes.
type errorCounts struct {
	mu     sync.Mutex
	byCode map[string]int64
}

// count counts an error by its text, which begins with its code.
func (e *errorCounts) count(text string) {
	code, _, _ := strings.Cut(text, " ")
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byCode == nil {
		e.byCode = make(map[string]int64)
	}
	e.byCode[code]++
}

// snapshot is how many there were of each code.
func (e *errorCounts) snapshot() map[string]int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	byCode := make(map[string]int64, len(e.byCode))
	maps.Copy(byCode, e.byCode)
	return byCode
}

func (e *errorCounts) reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.byCode)
}

// account counts a command that was performed, and remembers it if it was slow.
func (s *Server) account(c *Client, cmd *Command, args [][]byte, begin time.Time, took time.Duration, err error) {
	failed := 0
	if err != nil {
		failed = 1
		s.errors.count(replyOf(err))
	}
	cmd.figures.of(c).count(1, failed, took)
	c.traffic.commands.Add(1)
	if s.watchesSlow(took) {
		s.recordSlow(c, cmd, args, begin, took)
	}
}

// accountRun counts n commands of a pipeline that were performed together, from the time
// that the client has as now on. What follows begins then.
func (s *Server) accountRun(c *Client, cmd *Command, n, failed int) {
	if n == 0 {
		return
	}
	begin := c.request.now
	took := time.Since(begin)
	c.request.now = begin.Add(took)
	cmd.figures.of(c).count(n, failed, took)
	c.traffic.commands.Add(int64(n))
	if s.watchesSlow(took) {
		s.recordSlow(c, cmd, c.run.firstArgs(n), begin, took)
	}
}

// accountRejected counts a command that was not performed but replied a text. cmd is nil if there is none of
// that name.
func (s *Server) accountRejected(c *Client, cmd *Command, text string) {
	s.errors.count(text)
	if cmd != nil {
		cmd.figures.of(c).rejected.Add(1)
	}
}

// accountQueued counts the commands of a transaction, once it is committed.
func (s *Server) accountQueued(c *Client, commands []queued) {
	for i := range commands {
		q := &commands[i]
		s.account(c, q.cmd, q.args, q.begin, q.took, q.err)
	}
}

// resetFigures is CONFIG RESETSTAT.
func (s *Server) resetFigures() {
	for cmd := range s.table.each {
		cmd.figures.reset()
	}
	s.errors.reset()
	s.traffic.reset()
	s.connectionsDone.Store(0)
	s.refused.Store(0)
	s.protocolErrors.Store(0)
	if stats, err := s.db.Stats(); err == nil {
		s.baseline.Store(&stats)
	}
	s.rates.reset()
}
