package redis

import (
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// Limits bound what a client may take of the server. Zero fields take the defaults.
type Limits struct {
	MaxClients     int           // connections at once
	MaxRequest     int           // bytes of one command
	MaxArgs        int           // arguments of one command
	MaxTransaction int           // bytes that wait for EXEC: queued commands, or watched keys
	MaxReply       int           // bytes of the reply to one command
	OutputBuffer   int           // bytes that wait for a client that does not read
	IdleTimeout    time.Duration // between commands; 0 is for ever
	WriteTimeout   time.Duration // for a client to take what it is sent
}

// DefaultLimits are what a server has that is not told otherwise.
func DefaultLimits() Limits {
	return Limits{
		MaxClients:     10_000,
		MaxRequest:     128 << 20,
		MaxArgs:        1 << 20,
		MaxTransaction: 128 << 20,
		MaxReply:       256 << 20,
		OutputBuffer:   32 << 20,
		WriteTimeout:   60 * time.Second,
	}
}

// withDefaults has no zero but where zero means something.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.MaxClients == 0 {
		l.MaxClients = d.MaxClients
	}
	if l.MaxRequest == 0 {
		l.MaxRequest = d.MaxRequest
	}
	if l.MaxArgs == 0 {
		l.MaxArgs = d.MaxArgs
	}
	if l.MaxTransaction == 0 {
		l.MaxTransaction = d.MaxTransaction
	}
	if l.MaxReply == 0 {
		l.MaxReply = d.MaxReply
	}
	if l.OutputBuffer == 0 {
		l.OutputBuffer = d.OutputBuffer
	}
	if l.WriteTimeout == 0 {
		l.WriteTimeout = d.WriteTimeout
	}
	return l
}

// parser are the limits of what a client's parser takes in.
func (l Limits) parser(authenticated bool) resp.Limits {
	p := resp.Limits{MaxBulk: mantisdb.MaxValueLen, MaxArgs: l.MaxArgs, MaxRequest: l.MaxRequest}
	if !authenticated {
		p.MaxArgs, p.MaxBulk = resp.UnauthArgs, resp.UnauthBulk
	}
	return p
}
