package redis

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

// Figures are what there is to tell of a server at one moment. Counters count since it
// began, or since CONFIG RESETSTAT.
type Figures struct {
	Version  string         `json:"version"`
	Engine   string         `json:"engine"`
	RunID    string         `json:"run_id"` // of this start
	Started  time.Time      `json:"started"`
	Now      time.Time      `json:"now"`
	Clients  ClientFigures  `json:"clients"`
	Traffic  TrafficFigures `json:"traffic"`
	Rates    RateFigures    `json:"rates"`
	Channels int            `json:"channels"` // that somebody listens to
	Patterns int            `json:"patterns"`
	Memory   MemoryFigures  `json:"memory"`
	Saves    SaveFigures    `json:"saves"`
	CPU      CPUFigures     `json:"cpu"`
	// Errors are how many errors were replied, by their codes.
	Errors map[string]int64 `json:"errors"`
	// Commands are those that were sent, in the order of their names.
	Commands []CommandFigures `json:"commands"`
	// Database are the database's own figures, whose counters CONFIG RESETSTAT does not
	// touch; Since are those of them at the last one.
	Database mantisdb.Stats `json:"database"`
	Since    mantisdb.Stats `json:"-"`
}

// ClientFigures are about connections.
type ClientFigures struct {
	Connected      int   `json:"connected"`
	Blocked        int64 `json:"blocked"` // that wait for the end of CLIENT PAUSE
	Most           int   `json:"most"`    // connections at once that are accepted
	Accepted       int64 `json:"accepted"`
	Refused        int64 `json:"refused"`
	ProtocolErrors int64 `json:"protocol_errors"`
	LongestQuery   int64 `json:"longest_query"` // bytes that a client's commands take now
	LongestReply   int64 `json:"longest_reply"` // bytes that wait for a client now
	Memory         int64 `json:"memory"`        // bytes, roughly
}

// MemoryFigures are what the process has of memory, in bytes.
type MemoryFigures struct {
	Used      uint64 `json:"used"`      // by objects of Go and what the engine's allocator holds
	Peak      uint64 `json:"peak"`      // the most of Used that was seen when somebody asked
	Heap      uint64 `json:"heap"`      // of Used, objects of Go
	Allocator uint64 `json:"allocator"` // of Used, the engine's allocator
	Resident  uint64 `json:"resident"`  // as the system sees the process; 0 where it does not tell
}

// Figures are those of this moment. They do not count keys: see DatabaseFigures.
func (s *Server) Figures() (Figures, error) {
	stats, err := s.db.Stats()
	if err != nil {
		return Figures{}, err
	}
	f := Figures{
		Version: s.version, Engine: s.db.Engine(), RunID: s.runID, Started: s.started, Now: time.Now(),
		Clients: s.clientFigures(), Traffic: s.traffic.sum(), Rates: s.rates.snapshot(),
		Memory: s.memoryFigures(&stats), Saves: s.saves.snapshot(), CPU: cpuFigures(),
		Database: stats, Since: *s.baseline.Load(),
	}
	f.Channels, f.Patterns = s.hub.sizes()
	f.Errors = s.errors.snapshot()
	for _, cmd := range s.table.all() {
		if c := cmd.snapshot(); c.Calls+c.Rejected > 0 {
			f.Commands = append(f.Commands, c)
		}
	}
	return f, nil
}

func (s *Server) clientFigures() ClientFigures {
	f := ClientFigures{
		Blocked: s.pause.waiting.Load(), Most: s.limits().MaxClients,
		Accepted: s.connectionsDone.Load(), Refused: s.refused.Load(), ProtocolErrors: s.protocolErrors.Load(),
	}
	s.clients.each(func(c *Client) {
		memory, queue := c.memory(c.shown.Load())
		f.Connected++
		f.Memory += memory
		f.LongestQuery = max(f.LongestQuery, c.query.Load())
		f.LongestReply = max(f.LongestReply, queue)
	})
	return f
}

// sizes are how many channels and patterns somebody listens to.
func (h *hub) sizes() (channels, patterns int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.channels), len(h.patterns)
}

// Uptime is how long the server has run.
func (f *Figures) Uptime() time.Duration { return f.Now.Sub(f.Started) }

// since is how much a counter of the database has grown since CONFIG RESETSTAT.
func since(now, before uint64) uint64 { return now - min(before, now) }
