package redis

import (
	"errors"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// Error is an error that a client is replied, as Redis words it, its code in capitals
// first.
type Error string

// Error implements error.
func (e Error) Error() string { return string(e) }

// The errors that many commands reply.
const (
	errSyntax        Error = "ERR syntax error"
	errNotInteger    Error = "ERR value is not an integer or out of range"
	errNotFloat      Error = "ERR value is not a valid float"
	errOutOfRange    Error = "ERR value is out of range"
	errNoSuchKey     Error = "ERR no such key"
	errOverflow      Error = "ERR increment or decrement would overflow"
	errDBIndex       Error = "ERR DB index is out of range"
	errStringTooLong Error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	errNoAuth        Error = "NOAUTH Authentication required."
	errExecAbort     Error = "EXECABORT Transaction discarded because of previous errors."
	errReplyTooLong  Error = "ERR the reply is longer than this server gathers for one command"
	errOutOfMemory   Error = "OOM command not allowed when used memory > 'maxmemory'."
)

// errQuit ends a connection after its reply was sent.
var errQuit = errors.New("redis: the client is to be disconnected")

// replyOf is what a client is told of an error of the database.
func replyOf(err error) string {
	var own Error
	switch {
	case errors.As(err, &own):
		return string(own)
	case errors.Is(err, mantisdb.ErrNotANumber):
		return string(errNotInteger)
	case errors.Is(err, mantisdb.ErrOverflow):
		return string(errOverflow)
	case errors.Is(err, mantisdb.ErrValueTooLarge):
		return string(errStringTooLong)
	case errors.Is(err, mantisdb.ErrResultTooLarge):
		return string(errReplyTooLong)
	case errors.Is(err, mantisdb.ErrOverMemoryLimit), errors.Is(err, mantisdb.ErrOutOfMemory):
		return string(errOutOfMemory)
	case errors.Is(err, mantisdb.ErrPoisoned), errors.Is(err, mantisdb.ErrWritesFailed),
		errors.Is(err, mantisdb.ErrDiskFull), errors.Is(err, mantisdb.ErrIO):
		return "MISCONF " + err.Error()
	case errors.Is(err, cluster.ErrOutcomeUnknown):
		return string(errUnknown)
	case errors.Is(err, mantisdb.ErrConflict):
		return "TRYAGAIN " + err.Error()
	}
	return "ERR " + err.Error()
}
