package replica

import (
	"sync/atomic"

	"github.com/mantisdb/mantisdb/storage"
)

// system is where package mantisdb keeps its catalog of keyspaces; the replica's record is there,
// too.
var system = storage.Prefix([]byte("\x00\x00\x00\x00\x00\x00"))

// catalogChanges counts the changes of the catalog in a replica's engine, before and after each
// is done: so who has read the catalog finds out whether that still holds.
type catalogChanges struct{ begun, done atomic.Uint64 }

func (c *catalogChanges) begin() { c.begun.Add(1) }
func (c *catalogChanges) end()   { c.done.Store(c.begun.Load()) }

// settled is how many changes there were, unless one is being done.
func (c *catalogChanges) settled() (changes uint64, ok bool) {
	changes = c.done.Load()
	return changes, c.isAt(changes)
}

// isAt tells whether no change has begun since there were so many.
func (c *catalogChanges) isAt(changes uint64) bool { return c.begun.Load() == changes }

// changesCatalog tells whether a batch writes to where the catalog is, beside the replica's record.
func changesCatalog(b *storage.Batch) bool {
	for op := range b.All() {
		if op.Kind == storage.OpDeleteRange {
			if r := op.Range(); string(r.Start) < string(system.End) && (r.End == nil || string(system.Start) < string(r.End)) {
				return true
			}
		} else if isSystem(op.Key) && string(op.Key) != string(recordKey) {
			return true
		}
	}
	return false
}

func isSystem(key []byte) bool {
	return string(system.Start) <= string(key) && string(key) < string(system.End)
}
