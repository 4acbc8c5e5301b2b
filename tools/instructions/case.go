package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
)

// A benchCase is one operation that a program repeats.
type benchCase struct {
	program string
	name    string
	rounds  int // as many as its count needs to repeat
}

// listCases asks the programs for their cases.
func listCases(programs []string) (cases []benchCase, err error) {
	for _, program := range programs {
		list, err := exec.Command(program).Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", program, err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
			c := benchCase{program: program}
			if _, err := fmt.Sscan(lines.Text(), &c.name, &c.rounds); err != nil || c.rounds <= 0 {
				return nil, fmt.Errorf("%s: %q is not a case and its rounds", program, lines.Text())
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// single is the case of a name alone.
func single(cases []benchCase, name string) ([]benchCase, error) {
	for _, c := range cases {
		if c.name == name {
			return []benchCase{c}, nil
		}
	}
	return nil, fmt.Errorf("no case %q", name)
}
