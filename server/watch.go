package server

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

// Position is a place in the changes of a keyspace, behind one of them: where a watch goes on. It
// is a text without spaces. In a store in one piece it is the version of the change, in decimal;
// a cluster's has a version of each shard. The empty one is behind all changes that there are.
type Position string

// Watch delivers changes as a mantisdb.Watch does. It is read by one goroutine at a time; Close may
// come from another.
type Watch interface {
	// AppendPosition appends the Position behind the change that Next returned last, or behind what it
	// has passed over since then, if that is known; before there was any, that at which the watch began.
	AppendPosition(dst []byte) []byte
	// Next is that of mantisdb.Watch.
	Next(ctx context.Context) (mantisdb.Change, error)
	// Close ends the watch; closing again returns nil.
	Close() error
}

// PositionBefore is the Position behind which all changes with a version or a greater one are, in a
// store in one piece; of version 0 that which is behind all there are.
func PositionBefore(version uint64) Position {
	if version == 0 {
		return ""
	}
	return Position(strconv.FormatUint(version-1, 10))
}

// Version is the least one behind the position in a store in one piece, 0 for those to come.
func (p Position) Version() (uint64, error) {
	if p == "" {
		return 0, nil
	}
	last, err := strconv.ParseUint(string(p), 10, 63)
	if err != nil || last == math.MaxInt64 {
		return 0, fmt.Errorf("%w: %q is not the id of an event of this server", mantisdb.ErrInvalidOptions, string(p))
	}
	return last + 1, nil
}

// localWatch is a watch of a database, which knows where it is.
type localWatch struct{ *mantisdb.Watch }

// AppendPosition implements Watch.
func (w localWatch) AppendPosition(dst []byte) []byte {
	return strconv.AppendUint(dst, w.Reached()-1, 10)
}
