// Package machine tells of the memory of the machine, and of the process: 0 where the system
// does not tell as Linux does.
package machine

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// ResidentBytes is what of the process is in memory.
func ResidentBytes() uint64 {
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

const (
	memInfo    = "/proc/meminfo"
	ownGroup   = "/proc/self/cgroup"
	groupsRoot = "/sys/fs/cgroup"
)

// MemoryBytes is what the process may take: what the machine has, or its control group if
// that may have less.
func MemoryBytes() uint64 {
	return atMost(memory(memInfo, "MemTotal:"), groups(groupsRoot, ownGroup), limitOf)
}

// AvailableBytes is what the process may take beside what is taken, without swapping.
func AvailableBytes() uint64 {
	return atMost(memory(memInfo, "MemAvailable:"), groups(groupsRoot, ownGroup), roomOf)
}

// atMost is n, or what a control group has of it if that is less.
func atMost(n uint64, groups []string, has func(group string) (uint64, bool)) uint64 {
	for _, group := range groups {
		if left, ok := has(group); ok {
			n = min(n, left)
		}
	}
	return n
}

// memory is a line of the system's file, such as "MemTotal:  1234 kB".
func memory(path, label string) uint64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != label {
			continue
		}
		kib, err := strconv.ParseUint(string(fields[1]), 10, 54)
		if err != nil {
			return 0
		}
		return kib << 10
	}
	return 0
}

// groups are the directories of the process's control group and of those above it, of
// version 2; none without one.
func groups(root, of string) (dirs []string) {
	text, err := os.ReadFile(of)
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(text) {
		group, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("0::/"))
		if !ok {
			continue
		}
		for dir := filepath.Join("/", string(group)); ; dir = filepath.Dir(dir) {
			dirs = append(dirs, filepath.Join(root, dir))
			if dir == "/" {
				return dirs
			}
		}
	}
	return nil
}

// limitOf is what a control group may take; false if it may take any amount.
func limitOf(group string) (uint64, bool) { return number(filepath.Join(group, "memory.max")) }

// roomOf is what it may take beside what it has taken. The cache of files that are not in
// use goes when there is need.
func roomOf(group string) (uint64, bool) {
	limit, ok := limitOf(group)
	if !ok {
		return 0, false
	}
	taken, _ := number(filepath.Join(group, "memory.current"))
	text, _ := os.ReadFile(filepath.Join(group, "memory.stat"))
	for line := range bytes.Lines(text) {
		if cached, ok := bytes.CutPrefix(line, []byte("inactive_file ")); ok {
			n, _ := strconv.ParseUint(string(bytes.TrimSpace(cached)), 10, 64)
			taken -= min(n, taken)
		}
	}
	return limit - min(taken, limit), true
}

// number is what a file of one number has; false if it has none, as "max".
func number(path string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}
