package consensus

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// logReads are the reads of the logs of a host's groups, one at a time: so those who catch up do not
// crowd out what is being agreed upon. The library panics if a replica is stopped while what was asked
// of its log is looked for. So nobody leaves a read before the answer, and it is waited for before a
// replica is stopped.
type logReads struct {
	mu     sync.Mutex
	closed bool // nothing is read any more
}

// close ends all reads for good.
func (l *logReads) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// stopReads ends the reads of the group's log for good.
func (g *Group) stopReads() {
	g.logs.mu.Lock()
	defer g.logs.mu.Unlock()
	g.stopped = true
}

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

var errStopped = errors.New("the replica was stopped")

// readLog reads entries from the log, one at least.
func (g *Group) readLog(ctx context.Context, from, before uint64) ([]raftpb.Entry, error) {
	g.logs.mu.Lock()
	defer g.logs.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if g.stopped || g.logs.closed {
		return nil, errStopped
	}
	request, err := g.host.QueryRaftLog(g.number, from, before, entryBytesAtOnce)
	if err != nil {
		return nil, err
	}
	var result dragonboat.RequestResult
	select {
	case result = <-request.ResultC():
	case <-time.After(requestTimeout): // one that the library has stopped by itself answers nothing
		return nil, errors.New("the replica did not answer")
	}
	switch {
	case result.RequestOutOfRange():
		return nil, fmt.Errorf("%w: entry %d", replica.ErrCompacted, from)
	case !result.Completed():
		return nil, errStopped
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
