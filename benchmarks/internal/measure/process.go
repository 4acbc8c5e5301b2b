package measure

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Memory is what a process has resident, in bytes: of no file, and of mapped
// files, which the system can take back without writing.
type Memory struct {
	Anon, File uint64
}

// ProcessMemory is this process's memory.
func ProcessMemory() (Memory, error) {
	fields, err := procFields("/proc/self/status", "RssAnon", "RssFile")
	if err != nil {
		return Memory{}, err
	}
	return Memory{Anon: fields[0] << 10, File: fields[1] << 10}, nil
}

// WrittenBytes is what this process has had the disk write since its start: the
// pages it made dirty, of mapped files too.
func WrittenBytes() (uint64, error) {
	fields, err := procFields("/proc/self/io", "write_bytes")
	if err != nil {
		return 0, err
	}
	return fields[0], nil
}

// procFields reads the numbers behind names in a file of "Name: number" lines.
func procFields(path string, names ...string) ([]uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values, found := make([]uint64, len(names)), 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		for i, wanted := range names {
			if name != wanted {
				continue
			}
			number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if values[i], err = strconv.ParseUint(number, 10, 64); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, name, err)
			}
			found++
		}
	}
	if found != len(names) {
		return nil, fmt.Errorf("%s has not all of %v", path, names)
	}
	return values, nil
}

// DiskBytes is what the files below dir take on disk: blocks, not lengths, since
// some stores make files that are longer than what they hold.
func DiskBytes(dir string) (uint64, error) {
	var total uint64
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				if stat, ok := info.Sys().(*syscall.Stat_t); ok {
					total += uint64(stat.Blocks) * 512
				}
			}
		}
		if os.IsNotExist(err) { // a store removes files meanwhile
			return nil
		}
		return err
	})
	return total, err
}
