package bench

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/mantisdb/mantisdb/internal/machine"
)

// bytesPerKey is a generous estimate of what a process with a store holds for
// each key, for the warning alone.
const bytesPerKey = 400

// MemoryBytes is about how much memory a run of the level takes, rather too much.
func (l Level) MemoryBytes() uint64 { return l.Keys * bytesPerKey }

// memoryWarning is a line for the user if the level does not seem to fit into
// the machine's memory, else empty.
func memoryWarning(level Level) string {
	needed, available := level.MemoryBytes(), machine.AvailableBytes()
	if available == 0 || needed <= available {
		return ""
	}
	return fmt.Sprintf("warning: stress level %s takes about %s of memory, and %s are available",
		level.Name, humanize.IBytes(needed), humanize.IBytes(available))
}
