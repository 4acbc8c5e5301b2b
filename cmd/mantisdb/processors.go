package main

import (
	"os"
	"runtime"
)

// addProcessor gives Go's scheduler one more processor than it would have, unless GOMAXPROCS says how
// many there are to be. A node of a cluster that is written to is in a sync of its consensus log nearly
// all the time, and the thread that waits for the disk keeps one. With two processors, the other one
// was left for all the rest. docs/performance.md has what this brings.
//
// The runtime no longer follows a CPU limit that changes while the process runs, then.
func addProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
