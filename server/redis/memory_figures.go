package redis

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

const heapObjects = "/memory/classes/heap/objects:bytes"

func (s *Server) memoryFigures(stats *mantisdb.Stats) MemoryFigures {
	samples := []metrics.Sample{{Name: heapObjects}}
	metrics.Read(samples)
	f := MemoryFigures{Heap: samples[0].Value.Uint64(), Allocator: stats.AllocatorBytes, Resident: residentMemory()}
	f.Used = f.Heap + f.Allocator
	for {
		peak := s.memoryPeak.Load()
		if f.Used <= peak {
			f.Peak = peak
			return f
		}
		if s.memoryPeak.CompareAndSwap(peak, f.Used) {
			f.Peak = f.Used
			return f
		}
	}
}

// residentMemory is what of the process is in memory, in bytes; 0 where the system does
// not tell as Linux does.
func residentMemory() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
