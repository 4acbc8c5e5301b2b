package main

import (
	"runtime"
	"testing"
)

func TestAddProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, test := range []struct {
		said string
		want int
	}{{"", before + 1}, {"7", before}} {
		t.Setenv("GOMAXPROCS", test.said)
		runtime.GOMAXPROCS(before)
		if addProcessor(); runtime.GOMAXPROCS(0) != test.want {
			t.Errorf("GOMAXPROCS=%q: %d processors, want %d", test.said, runtime.GOMAXPROCS(0), test.want)
		}
	}
}
