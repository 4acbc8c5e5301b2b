//go:build !linux

package benchmarks

import "os/exec"

// What Linux is asked for, and other systems do without.

func endWithThread(*exec.Cmd) {}

func onThreadThatYields(call func()) { call() }

func sacrifice(int) {}
