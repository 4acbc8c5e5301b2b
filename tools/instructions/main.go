// Command instructions counts the instructions that operations take on fixed inputs, by
// valgrind's callgrind, and compares them with a committed baseline.
//
//	instructions [-write | -only CASE] [-slower PERCENT] BASELINE PROGRAMS
//
// A program prints its cases, one a line with the rounds that its count needs, and runs one
// by `PROGRAM CASE ROUNDS`. It ends with 1 if a count is out of bounds.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

func run() error {
	write := flag.Bool("write", false, "write the baseline anew")
	only := flag.String("only", "", "the one case to count")
	slower := flag.Int("slower", 0, "percent of work that is added to each case, to try the gate itself")
	flag.Parse()
	if flag.NArg() < 2 || *write && *only != "" {
		return errors.New("usage: instructions [-write | -only CASE] [-slower PERCENT] BASELINE PROGRAMS")
	}
	path, programs := flag.Arg(0), flag.Args()[1:]

	toolchain, err := currentToolchain()
	if err != nil {
		return err
	}
	var baseline Baseline
	if !*write {
		if baseline, err = readBaseline(path); err != nil {
			return err
		}
		if baseline.Toolchain.Architecture != toolchain.Architecture {
			fmt.Printf("left out: the baseline is of %s, this is %s\n", baseline.Toolchain.Architecture, toolchain.Architecture)
			return nil
		}
	}
	cases, err := listCases(programs)
	if err != nil {
		return err
	}
	if *only != "" {
		if cases, err = single(cases, *only); err != nil {
			return err
		}
		baseline = baseline.only(*only)
	}
	counts, err := countAll(cases, *slower)
	if err != nil {
		return err
	}
	if *write {
		return Baseline{toolchain, counts}.write(path)
	}
	return judge(os.Stdout, baseline, toolchain, counts)
}
