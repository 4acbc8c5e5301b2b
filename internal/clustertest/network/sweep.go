//go:build linux

package network

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// made counts the networks of this process.
var made atomic.Int64

// unusedPrefix is what the names of a new network's namespaces begin with. It tells which
// process made them.
func unusedPrefix() string { return fmt.Sprintf("mantisdb-%d-%d-", os.Getpid(), made.Add(1)) }

var ours = regexp.MustCompile(`^mantisdb-(\d+)-\d+-`)

var sweeping sync.Mutex

// sweep removes the namespaces that processes have left which did not come to close their
// networks.
func sweep() error {
	sweeping.Lock()
	defer sweeping.Unlock()
	names, err := namespaces()
	for _, name := range names {
		match := ours.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		if pid, _ := strconv.Atoi(match[1]); !runs(pid) {
			err = errors.Join(err, remove(name))
		}
	}
	return err
}

// runs tells whether there is a process of a number.
func runs(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// namespaces are the names of all that the system has.
func namespaces() ([]string, error) {
	entries, err := os.ReadDir("/run/netns")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

// remove ends the processes that are in a namespace, and removes it.
func remove(namespace string) error {
	out, err := exec.Command("ip", "netns", "pids", namespace).Output()
	if err != nil {
		return fmt.Errorf("the processes of %s: %w", namespace, err)
	}
	for _, text := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		// The threads of this process that are in the hub are done with it.
		if pid == os.Getpid() {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("process %d of %s: %w", pid, namespace, err)
		}
	}
	return runAll("ip netns del " + namespace)
}
