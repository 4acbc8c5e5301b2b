package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lni/dragonboat/v4"
	"github.com/lni/dragonboat/v4/raftpb"

	"github.com/mantisdb/mantisdb/cluster/replica"
)

// entriesAtOnce bounds what is read of the log at once, in bytes of entries and in their number; one
// entry may be longer. The step of all groups waits meanwhile.
const (
	entriesAtOnce    = 64
	entryBytesAtOnce = 1 << 20
)

// Entries implements replica.Group.
func (g *Group) Entries(ctx context.Context, from, before uint64) (entries []replica.Logged, next uint64, err error) {
	if from >= before {
		return nil, from, nil
	}
	logged, err := g.readLog(ctx, from, min(before, from+entriesAtOnce))
	if err != nil {
		return nil, 0, err
	}
	for i := range logged {
		if content := contentOf(&logged[i]); content != nil {
			entries = append(entries, replica.Logged{Index: logged[i].Index, Entry: content})
		}
		next = logged[i].Index + 1
	}
	return entries, next, nil
}

// readLog reads entries from the log, one at least.
func (g *Group) readLog(ctx context.Context, from, before uint64) ([]raftpb.Entry, error) {
	g.reading.Lock()
	defer g.reading.Unlock()
	request, err := g.host.QueryRaftLog(g.number, from, before, entryBytesAtOnce)
	if err != nil {
		return nil, err
	}
	var result dragonboat.RequestResult
	select {
	case result = <-request.ResultC():
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(requestTimeout): // a replica that is stopped may answer nothing
		return nil, errors.New("the replica did not answer")
	}
	switch {
	case result.RequestOutOfRange():
		return nil, fmt.Errorf("%w: entry %d", replica.ErrCompacted, from)
	case !result.Completed():
		return nil, errors.New("the replica was stopped")
	}
	entries, _ := result.RaftLogs()
	if len(entries) == 0 || entries[0].Index != from {
		return nil, fmt.Errorf("the log has no entry %d, though that was applied", from)
	}
	return entries, nil
}

// contentOf is what a replica applies of an entry; nil if it is the library's own, as a change of the
// membership. The library puts one byte before it, which is that of a content that is not compressed.
func contentOf(e *raftpb.Entry) []byte {
	if e.Type != raftpb.EncodedEntry {
		return nil
	}
	return e.Cmd[1:]
}
