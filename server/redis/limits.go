package redis

import (
	"cmp"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// Limits bound what a client may take of the server. Zero fields take the defaults.
type Limits struct {
	MaxClients     int           // connections at once
	MaxRequest     int           // bytes of one command
	MaxArgs        int           // arguments of one command
	MaxBulk        int           // bytes of one argument, and of a value
	MaxTransaction int           // bytes that wait for EXEC: queued commands, or watched keys
	MaxReply       int           // bytes of the reply to one command
	OutputBuffer   int           // bytes that wait for a client that does not read
	ClientMemory   int64         // bytes that all clients take together; 0 is any amount
	IdleTimeout    time.Duration // between commands; 0 is for ever
	WriteTimeout   time.Duration // for a client to take what it is sent
}

// DefaultLimits are what a server has that is not told otherwise.
func DefaultLimits() Limits {
	return Limits{
		MaxClients:     10_000,
		MaxRequest:     128 << 20,
		MaxArgs:        1 << 20,
		MaxBulk:        mantisdb.MaxValueLen,
		MaxTransaction: 128 << 20,
		MaxReply:       256 << 20,
		OutputBuffer:   32 << 20,
		WriteTimeout:   60 * time.Second,
	}
}

// WithDefaults has no zero but where zero means something.
func (l Limits) WithDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		MaxClients:     cmp.Or(l.MaxClients, d.MaxClients),
		MaxRequest:     cmp.Or(l.MaxRequest, d.MaxRequest),
		MaxArgs:        cmp.Or(l.MaxArgs, d.MaxArgs),
		MaxBulk:        cmp.Or(l.MaxBulk, d.MaxBulk),
		MaxTransaction: cmp.Or(l.MaxTransaction, d.MaxTransaction),
		MaxReply:       cmp.Or(l.MaxReply, d.MaxReply),
		OutputBuffer:   cmp.Or(l.OutputBuffer, d.OutputBuffer),
		ClientMemory:   l.ClientMemory,
		IdleTimeout:    l.IdleTimeout,
		WriteTimeout:   cmp.Or(l.WriteTimeout, d.WriteTimeout),
	}
}

// parser are the limits of what a client's parser takes in.
func (l Limits) parser(authenticated bool) resp.Limits {
	p := resp.Limits{MaxBulk: min(l.MaxBulk, mantisdb.MaxValueLen), MaxArgs: l.MaxArgs, MaxRequest: l.MaxRequest}
	if !authenticated {
		p.MaxArgs, p.MaxBulk = resp.UnauthArgs, resp.UnauthBulk
	}
	return p
}

// limits are those of the moment. They are never changed, but replaced as a whole.
func (s *Server) limits() *Limits { return s.currentLimits.Load() }

// changeLimits replaces the limits by changed ones. Clients take to them with the next
// thing that they do.
func (s *Server) changeLimits(change func(*Limits)) {
	for {
		before := s.currentLimits.Load()
		after := *before
		change(&after)
		if s.currentLimits.CompareAndSwap(before, &after) {
			return
		}
	}
}
