package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stepLibrary steps the clock of a library of C, if there is one.
var stepLibrary = func(seconds int64) {}

// init has the wall clock be off by what the file says, from now on and whenever SIGUSR1 comes.
func init() {
	path := os.Getenv("MANTISDB_TEST_CLOCK")
	if path == "" {
		return
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	step(path)
	go func() {
		for range told {
			step(path)
		}
	}()
}

func step(path string) {
	text, err := os.ReadFile(path)
	var seconds int64
	if err == nil {
		seconds, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the clock cannot be stepped:", err)
		os.Exit(1)
	}
	time.SetWallStep(seconds)
	stepLibrary(seconds)
}
