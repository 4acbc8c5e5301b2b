package replica

import (
	"context"
	"errors"
)

// Group is the agreement of a shard's replicas, as one of them sees it.
type Group interface {
	// Propose has an entry appended to the log, and returns what Replica.Apply of this
	// replica returned for it. It is ErrDropped if the entry certainly will not be in the
	// log, and any other error if nobody knows. The entry is not kept.
	Propose(ctx context.Context, entry []byte) (result uint64, err error)
	// ReadIndex returns once this replica has applied all that was in the log, agreed upon,
	// when the call began.
	ReadIndex(ctx context.Context) error
	// Alone finds out whether this replica is the whole group. If so, none joins but by way of
	// it: the function that is returned tells whether none was asked to yet, so that no other
	// can lead. It is nil if there are others.
	Alone(ctx context.Context) (still func() bool, err error)
}

// ErrDropped says that an entry was not appended to the log, and will not be.
var ErrDropped = errors.New("the entry was not taken into the log")
