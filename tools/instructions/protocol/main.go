// Command protocol parses pipelines of the Redis protocol on fixed inputs, for its parent
// directory's program, which counts the instructions.
//
//	protocol                 prints the cases, each with the rounds that its count needs
//	protocol CASE ROUNDS
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
)

// The rounds run on the process's first thread, which is the one that is counted. What the
// runtime does on others is not the same in each run.
func init() { runtime.LockOSThread() }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "protocol:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch len(args) {
	case 0:
		for _, c := range cases {
			fmt.Println(c.name, c.rounds)
		}
		return nil
	case 2:
		rounds, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return runCase(args[0], rounds)
	default:
		return errors.New("usage: protocol [CASE ROUNDS]")
	}
}

func runCase(name string, rounds int) error {
	for _, c := range cases {
		if c.name == name {
			return c.run(rounds)
		}
	}
	return fmt.Errorf("no case %q", name)
}
