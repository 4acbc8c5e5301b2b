package figures

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// machineBytes is the memory that the process may take: that of the machine, or of its
// control group if that may have less; 0 where the system does not tell as Linux does.
func machineBytes() uint64 {
	most := memTotal("/proc/meminfo")
	if limit := groupLimit("/sys/fs/cgroup", "/proc/self/cgroup"); limit != 0 && limit < most {
		return limit
	}
	return most
}

// memTotal is what the machine has.
func memTotal(path string) uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("MemTotal:")); ok {
			kib, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
			n, err := strconv.ParseUint(string(kib), 10, 54)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// groupLimit is the limit of the process's control group, or of one above it; 0 for none.
func groupLimit(root, of string) (least uint64) {
	text, err := os.ReadFile(of)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		group, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("0::/")) // of version 2
		if !ok {
			continue
		}
		for dir := filepath.Join("/", string(group)); ; dir = filepath.Dir(dir) {
			limit, err := os.ReadFile(filepath.Join(root, dir, "memory.max"))
			if err == nil {
				n, err := strconv.ParseUint(string(bytes.TrimSpace(limit)), 10, 64) // or "max"
				if err == nil && (least == 0 || n < least) {
					least = n
				}
			}
			if dir == "/" {
				return least
			}
		}
	}
	return 0
}
