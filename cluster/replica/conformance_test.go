package replica_test

import (
	"testing"

	"github.com/mantisdb/mantisdb/storage"
	"github.com/mantisdb/mantisdb/storage/storagetest"
)

// A shard is an engine as any other to what is above it.
func TestLeaderIsAnEngine(t *testing.T) {
	storagetest.Run(t, func(t testing.TB, dir string) storage.Engine {
		if dir == "" {
			dir = t.TempDir()
		}
		l, _ := lead(t, dir)
		return l
	}, storagetest.Without(
		// The replica's own record counts as a write, and is one of the versions.
		"StatsOfContents", "StatsCount", "StatsCountUnderLoad", "WatchLosesNothingBesideASnapshot", "WatchBeginsAnywhere",
		// A deletion of all there is spares the record, and so is one of two ranges.
		"DeleteRange", "DeleteRangeInBatch", "WatchDeliversDeletedRanges",
		// A range that has the record reads it, too.
		"ScanLimit",
		// An entry of the log has a bound of its own.
		"Append", "ValueSizes",
		// The log that has the past is the group's, whichever the engine is.
		"WatchOfThePast", "WatchTooSlow",
		// There is a directory, and one level of durability.
		"StructureOfMemory", "DurabilityOfEachWrite",
	))
}
