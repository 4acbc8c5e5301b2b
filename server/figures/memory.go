package figures

import (
	"runtime/metrics"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/machine"
)

// Memory is what the process has of memory, in bytes.
type Memory struct {
	Used      uint64 `json:"used_bytes"`      // by objects of Go and what the engine's allocator holds
	Peak      uint64 `json:"peak_bytes"`      // the most of Used that was seen when it was asked for, or sampled
	Heap      uint64 `json:"heap_bytes"`      // of Used, objects of Go
	Allocator uint64 `json:"allocator_bytes"` // of Used, the engine's allocator
	Resident  uint64 `json:"resident_bytes"`  // as the system sees the process; 0 where it does not tell
}

const heapObjects = "/memory/classes/heap/objects:bytes"

// readMemory reads the figures of the moment. peak is the most of Used so far.
func readMemory(stats *mantisdb.Stats, peak *atomic.Uint64) Memory {
	samples := []metrics.Sample{{Name: heapObjects}}
	metrics.Read(samples)
	m := Memory{Heap: samples[0].Value.Uint64(), Allocator: stats.AllocatorBytes, Resident: machine.ResidentBytes()}
	m.Used = m.Heap + m.Allocator
	for {
		most := peak.Load()
		if m.Used <= most || peak.CompareAndSwap(most, m.Used) {
			m.Peak = max(most, m.Used)
			return m
		}
	}
}
