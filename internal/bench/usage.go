package bench

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// residentBytes is the process's resident set size, 0 where unknown.
func residentBytes() uint64 { return procBytes("/proc/self/status", "VmRSS:") }

// AvailableBytes is what the machine can give without swapping, 0 where unknown.
func AvailableBytes() uint64 { return procBytes("/proc/meminfo", "MemAvailable:") }

// procBytes reads a line such as "VmRSS:  1234 kB".
func procBytes(path, label string) uint64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == label {
			kib, err := strconv.ParseUint(fields[1], 10, 54)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// bytesPerKey is a generous estimate of what a process with a store holds for
// each key, for the warning alone.
const bytesPerKey = 400

// MemoryBytes is about how much memory a run of the level takes, rather too much.
func (l Level) MemoryBytes() uint64 { return l.Keys * bytesPerKey }

// memoryWarning is a line for the user if the level does not seem to fit into
// the machine's memory, else empty.
func memoryWarning(level Level) string {
	needed, available := level.MemoryBytes(), AvailableBytes()
	if available == 0 || needed <= available {
		return ""
	}
	return fmt.Sprintf("warning: stress level %s takes about %s of memory, and %s are available",
		level.Name, humanize.IBytes(needed), humanize.IBytes(available))
}
