package replica

import (
	"context"
	"errors"
)

// Group is the agreement of a shard's replicas, as one of them sees it.
type Group interface {
	// Propose has an entry appended to the log, and returns what Replica.Apply of this
	// replica returned for it. It is ErrDropped if the entry certainly will not be in the
	// log, and any other error if nobody knows. The entry is not kept. Without a deadline of
	// ctx, it is given up after some seconds.
	Propose(ctx context.Context, entry []byte) (result uint64, err error)
	// Entries returns entries of the log that are agreed upon, from an index on and before another one,
	// each with its index: as many as take some memory, and one at least if there is one. What the group
	// has agreed upon beside is left out; next is the index from which on they go on. It is ErrCompacted
	// if the log does not begin before from any more.
	Entries(ctx context.Context, from, before uint64) (entries []Logged, next uint64, err error)
	// ReadIndex returns once this replica has applied all that was in the log, agreed upon,
	// when the call began, or ctx is over.
	ReadIndex(ctx context.Context) error
	// Alone finds out whether this replica is the whole group. If so, none joins but by way of
	// it: the function that is returned tells whether none was asked to yet, so that no other
	// can lead. It is nil if there are others.
	Alone(ctx context.Context) (still func() bool, err error)
}

// Logged is an entry in the log.
type Logged struct {
	Index uint64
	Entry []byte
}

// ErrCompacted says that the log does not reach so far back any more.
var ErrCompacted = errors.New("the log does not reach so far back any more")

// ErrDropped says that an entry was not appended to the log, and will not be.
var ErrDropped = errors.New("the entry was not taken into the log")
