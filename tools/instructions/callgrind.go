package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// instructions runs a case under callgrind and returns how many instructions its first
// thread took. Those of others are left out: how much the core's janitor and Go's runtime
// do meanwhile hangs on the machine.
func (c benchCase) instructions(rounds int) (uint64, error) {
	dir, err := os.MkdirTemp("", "instructions-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	profile := filepath.Join(dir, "profile")
	cmd := exec.Command("valgrind", "--tool=callgrind", "--separate-threads=yes",
		"--callgrind-out-file="+profile, c.program, c.name, strconv.Itoa(rounds))
	// What Go's runtime does by the clock or by the number of processors.
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	if output, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s %s %d: %w\n%s", c.program, c.name, rounds, err, output)
	}
	text, err := os.ReadFile(profile + "-01")
	if err != nil {
		return 0, err
	}
	return parseTotal(text)
}

// parseTotal takes the number of instructions out of a profile of callgrind's.
func parseTotal(profile []byte) (uint64, error) {
	for line := range bytes.Lines(profile) {
		if total, ok := bytes.CutPrefix(line, []byte("totals: ")); ok {
			return strconv.ParseUint(string(bytes.TrimSpace(total)), 10, 64)
		}
	}
	return 0, fmt.Errorf("a profile without totals")
}
