package consensus

import _ "unsafe" // for go:linkname

// The library keeps the newest entries of each group's log in a slice, and makes another one whenever
// all of the last one were applied: in a group with one write at a time, for each of them. Those that it
// makes have room for 512 entries, 40 KB, which were four fifths of all that a node allocated. A slice
// that is too short only grows. The library sets the two numbers from a file in the working directory,
// which is no place of ours, so they are set here, where they are:
// the first is how many entries there is room for, and the second how much of it is left when another
// slice is made, which has to be less.
var (
	//go:linkname entrySliceSize github.com/lni/dragonboat/v4/internal/raft.entrySliceSize
	entrySliceSize uint64
	//go:linkname minEntrySliceSize github.com/lni/dragonboat/v4/internal/raft.minEntrySliceSize
	minEntrySliceSize uint64
)

func init() { entrySliceSize, minEntrySliceSize = 32, 8 }
