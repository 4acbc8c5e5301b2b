package cluster

import (
	"errors"

	"github.com/mantisdb/mantisdb/storage"
)

// ErrCutOver says that a cut was held for too long, or that its shard has another leader: whether
// the shard was like it all the time is not known.
var ErrCutOver = errors.New("the writes of the shard could not be held")

// Cut is a shard frozen at a moment, while its writes wait. So the cuts of several shards that are
// held at the same time are of one moment.
type Cut interface {
	// Resume lets writes go on. It is nil if the shard was like the cut from when that was
	// made until the call of Resume began, else ErrCutOver or ErrNotLeader.
	Resume() error
	// Snapshot is what the shard had, until Close.
	Snapshot() storage.Snapshot
	// Close lets writes go on if they do not yet, and closes the snapshot.
	Close() error
}
