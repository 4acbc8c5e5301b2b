package redis

import (
	"context"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// source is a store as the source of figures.
type source struct{ store }

// Stats implements figures.Source.
func (s source) Stats(context.Context) (mantisdb.Stats, error) { return s.store.Stats() }

// Keyspaces implements figures.Source.
func (s source) Keyspaces(context.Context) ([]mantisdb.KeyspaceInfo, error) {
	return s.store.Keyspaces()
}

// snapshot is what there is to tell of the server now. Clients that ask have no context.
func (s *Server) snapshot() (figures.Snapshot, error) {
	return s.figures.Snapshot(context.Background())
}

// addFigures adds what this protocol has to tell.
func (s *Server) addFigures(all *figures.Snapshot) {
	f := &all.Redis
	f.Clients, f.Traffic, f.Rates = s.clientFigures(), s.traffic.sum(), s.rates.snapshot()
	f.Channels, f.Patterns = s.hub.sizes()
	f.Saves, f.Errors, f.Baseline = s.saves.snapshot(), s.errors.snapshot(), *s.baseline.Load()
	if s.routing != nil {
		all.StaleReads.Add(s.routing.stale.Sum())
	}
	for cmd := range s.table.each { // to put all in order, each second, would cost more than the rest
		if c := cmd.snapshot(); c.Calls+c.Rejected > 0 {
			f.Commands = append(f.Commands, c)
		}
	}
	slices.SortFunc(f.Commands, func(a, b figures.Command) int { return strings.Compare(a.Name, b.Name) })
}

func (s *Server) clientFigures() figures.Clients {
	f := figures.Clients{
		Blocked: s.pause.waiting.Load(), Most: s.limits().MaxClients,
		Accepted: s.connectionsDone.Load(), Refused: s.refused.Load(), Evicted: s.evicted.Load(), ProtocolErrors: s.protocolErrors.Load(),
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
