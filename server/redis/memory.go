package redis

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/mantisdb/mantisdb"
)

func memoryCommand() *Command {
	return &Command{Name: "memory", Arity: -2, Group: "server",
		Summary: "A container for memory diagnostics commands.", Since: "4.0.0", Complexity: "Depends on subcommand.",
		Subcommands: subcommands(
			&Command{Name: "usage", Arity: -3, Flags: flagReadonly, Keys: KeySpec{2, 2, 1}, Group: "server", Syntax: "<key> [SAMPLES <count>]",
				Summary: "Estimates what a key and its value take of memory, in bytes.", Since: "4.0.0", Complexity: "O(N) where N is the length of the value", run: memoryUsage},
			&Command{Name: "stats", Arity: 2, Group: "server",
				Summary: "Returns what memory is used for.", Since: "4.0.0", Complexity: "O(1)", run: memoryStats},
			&Command{Name: "doctor", Arity: 2, Group: "server",
				Summary: "Returns a report for people.", Since: "4.0.0", Complexity: "O(1)", run: memoryDoctor},
			&Command{Name: "purge", Arity: 2, Group: "server",
				Summary: "Gives memory that is not used back to the system.", Since: "4.0.0", Complexity: "Depends on how much memory is allocated, could be slow", run: memoryPurge},
			&Command{Name: "malloc-stats", Arity: 2, Group: "server",
				Summary: "Returns what the allocators hold.", Since: "4.0.0", Complexity: "O(1)", run: memoryMallocStats},
		)}
}

// entryOverhead is what an engine keeps of an entry in memory besides its key and value,
// roughly: version, expiry, lengths, and its place in an index.
const entryOverhead = 64

// memoryUsage is MEMORY USAGE key [SAMPLES count]. It is what the entry takes while it is
// in memory, wherever it is now.
func memoryUsage(r *Request) error {
	for i := 3; i < len(r.args); i += 2 {
		if !is(r.args[i], "SAMPLES") || i+1 == len(r.args) {
			return errSyntax
		}
		switch samples, err := r.int(i + 1); {
		case err != nil:
			return err
		case samples < 0:
			return errSyntax
		}
	}
	key := r.args[2]
	value, found, err := r.get(key)
	if errors.Is(err, mantisdb.ErrKeyEmpty) {
		err = nil
	}
	if err != nil {
		return err
	}
	if !found {
		r.out.Null()
		return nil
	}
	r.out.Int(int64(len(key) + len(value.Bytes) + entryOverhead))
	return nil
}

func memoryStats(r *Request) error {
	f, err := r.server.snapshot()
	if err != nil {
		return err
	}
	lines := []struct {
		name  string
		value int64
	}{
		{"peak.allocated", int64(f.Process.Memory.Peak)},
		{"total.allocated", int64(f.Process.Memory.Used)},
		{"heap.allocated", int64(f.Process.Memory.Heap)},
		{"allocator.allocated", int64(f.Process.Memory.Allocator)},
		{"resident", int64(f.Process.Memory.Resident)},
		{"clients.normal", f.Redis.Clients.Memory},
		{"keys.count", int64(f.Stats.Keys)},
		{"keys.bytes-per-key", int64(f.Stats.MemoryBytes / max(f.Stats.Keys, 1))},
		{"dataset.bytes", int64(f.Stats.MemoryBytes)},
	}
	r.out.Map(len(lines) + 1)
	for _, line := range lines {
		r.out.BulkString(line.name)
		r.out.Int(line.value)
	}
	r.out.BulkString("peak.percentage")
	r.out.Double(100 * float64(f.Process.Memory.Used) / float64(max(f.Process.Memory.Peak, 1)))
	return nil
}

func memoryDoctor(r *Request) error {
	f, err := r.server.snapshot()
	if err != nil {
		return err
	}
	var report strings.Builder
	fmt.Fprintf(&report, "%s are used, %s of them by objects of Go and %s by the engine's allocator; the data takes %s.\n",
		human(f.Process.Memory.Used), human(f.Process.Memory.Heap), human(f.Process.Memory.Allocator), human(f.Stats.MemoryBytes))
	switch limit := f.Stats.MemoryLimit; {
	case limit == 0:
		report.WriteString("The engine has no limit of memory.\n")
	case f.Stats.MemoryBytes > limit-limit/10:
		fmt.Fprintf(&report, "That is close to the limit of %s: more of it would keep more in memory.\n", human(limit))
	default:
		fmt.Fprintf(&report, "The limit is %s.\n", human(limit))
	}
	r.out.Verbatim("txt", report.String())
	return nil
}

// memoryPurge has Go give back what it can. The engine's allocator does so by itself.
func memoryPurge(r *Request) error {
	debug.FreeOSMemory()
	r.out.OK()
	return nil
}

func memoryMallocStats(r *Request) error {
	f, err := r.server.snapshot()
	if err != nil {
		return err
	}
	r.out.Verbatim("txt", fmt.Sprintf("go heap: %d bytes in objects\nengine's allocator: %d bytes held\nresident: %d bytes\n",
		f.Process.Memory.Heap, f.Process.Memory.Allocator, f.Process.Memory.Resident))
	return nil
}
