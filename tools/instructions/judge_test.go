package main

import (
	"math"
	"strings"
	"testing"
)

func TestStanding(t *testing.T) {
	for name, c := range map[string]struct {
		baseline, now float64
		want          string
	}{
		"the same":             {1000, 1000, within},
		"just within":          {1000, 1049, within},
		"beyond":               {1000, 1051, slower},
		"fallen, just within":  {1000, 951, within},
		"fallen further":       {1000, 949, faster},
		"a new case":           {math.NaN(), 1000, unknown},
		"a case that is gone":  {1000, math.NaN(), uncounted},
		"a baseline of nought": {0, 1, slower},
	} {
		if _, got := standing(c.baseline, c.now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	toolchain := Toolchain{"amd64", "rustc 1", "go1", "valgrind-1"}
	other := toolchain
	other.Rust = "rustc 2"
	const otherToolchain = "another toolchain"
	for name, c := range map[string]struct {
		counts    map[string]float64
		toolchain Toolchain
		refused   bool
		tells     string // is in what is printed, and
		not       string // is not
	}{
		"within":            {map[string]float64{"get": 201, "put": 999}, other, false, "+0.5", otherToolchain},
		"slower":            {map[string]float64{"get": 200, "put": 1060}, toolchain, true, slower, otherToolchain},
		"slower, new tools": {map[string]float64{"get": 200, "put": 1060}, other, true, otherToolchain, faster},
		"faster":            {map[string]float64{"get": 100, "put": 1000}, toolchain, false, faster, slower},
		"gone":              {map[string]float64{"get": 200}, toolchain, true, uncounted, unknown},
		"new":               {map[string]float64{"get": 200, "put": 1000, "scan": 1}, toolchain, true, unknown, uncounted},
	} {
		baseline := Baseline{toolchain, map[string]float64{"get": 200, "put": 1000}}
		var out strings.Builder
		err := judge(&out, baseline, c.toolchain, c.counts)
		if (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(out.String(), c.tells) || strings.Contains(out.String(), c.not) {
			t.Errorf("%s: told %s", name, out.String())
		}
		if len(baseline.Counts) != 2 {
			t.Errorf("%s: the baseline became %v", name, baseline.Counts)
		}
	}
}
