package main

import "testing"

func TestCases(t *testing.T) {
	for _, c := range cases {
		if err := c.run(2); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := runCase("none", 1); err == nil {
		t.Error("a case that is not there ran")
	}
}
