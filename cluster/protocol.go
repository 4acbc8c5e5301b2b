package cluster

import (
	"errors"
	"fmt"
)

// Protocol numbers what nodes tell each other: the entries of the logs, and what they ask over the
// peer port. All nodes of a cluster use the same, which is raised once every node understands a
// newer one, and never lowered. So nodes may be started with a newer program one after the other,
// and none is told what it does not understand.
type Protocol uint8

// The protocols that this program understands, from the oldest to the newest. A change of the
// entries, or of what a call means, is a new protocol once a release has the present one; what a call
// has beside, which others leave out, is none. No release has a cluster yet.
const (
	OldestProtocol Protocol = 1
	NewestProtocol Protocol = 1
)

// ErrProtocol says that this program does not understand what the nodes of a cluster tell each
// other.
var ErrProtocol = errors.New("this program does not understand the protocol of the cluster")

// Check returns nil for a protocol that this program understands, else ErrProtocol.
func (p Protocol) Check() error {
	switch {
	case p > NewestProtocol:
		return fmt.Errorf("%w: that is %d, and this one knows %d to %d: start a newer release", ErrProtocol, p, OldestProtocol, NewestProtocol)
	case p < OldestProtocol:
		return fmt.Errorf("%w: that is %d, and this one knows %d to %d: start a release in between on all nodes first", ErrProtocol, p, OldestProtocol, NewestProtocol)
	}
	return nil
}
