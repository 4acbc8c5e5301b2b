package control

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
)

// Server answers for a protocol's clients and commands. Its methods may be called from any
// number of goroutines. None but Run looks at rights.
type Server interface {
	// Run runs one command for a visitor, as one of its own clients would, and held to the
	// visitor's rights. What the command replies is no error, also if it replies one; an
	// error is a *LineError, or ctx's.
	Run(ctx context.Context, by Visitor, line Line) (Outcome, error)
	// Commands are those that a user may run, in the order of their names.
	Commands(user *acl.User) []Command
	// Clients are the connections, the oldest first.
	Clients() []Client
	// Kill ends a connection, and tells whether there was one of that number.
	Kill(by Visitor, id int64) bool
	// SlowLog has the commands that took long and came last, the last one first; at most n.
	SlowLog(n int) []SlowCommand
	// ResetSlowLog forgets them.
	ResetSlowLog(by Visitor)
	// Parameters are what is configured, in the order of the names. Secrets are not among
	// them.
	Parameters(by Visitor) []Parameter
	// Configure gives parameters values, by their names: all of them or, with an error,
	// none. The error is a *ParameterError.
	Configure(by Visitor, values map[string]string) error
}

// Visitor is who asks by another protocol.
type Visitor struct {
	User *acl.User
	// Remote and Local are the addresses of the connection by which the visitor came; nil
	// where they are not known.
	Remote, Local net.Addr
}

// Line is a command to run.
type Line struct {
	// Text is the command as one writes it for redis-cli: words with spaces between them,
	// quoted if need be.
	Text     string
	Database int // that is selected
	Protocol int // the version in which it replies: 2 or 3
}

// Outcome is what a command replied.
type Outcome struct {
	Reply    Reply
	Took     time.Duration
	Database int // that is selected afterwards
}

// LineError tells why a line is not run.
type LineError struct{ Reason string }

// Error implements error.
func (e *LineError) Error() string { return e.Reason }

// ParameterError tells which parameter has no such value, and why.
type ParameterError struct{ Name, Reason string }

// Error implements error.
func (e *ParameterError) Error() string { return "the parameter \"" + e.Name + "\": " + e.Reason }

// ErrEnding: the server ends, and takes nothing new.
var ErrEnding = errors.New("the server ends")
