package main

import "testing"

func TestParseTotal(t *testing.T) {
	profile := "version: 1\nevents: Ir\nsummary: 7\n\nfn=(1) totals\n0 7\n\ntotals: 1477420\n"
	if total, err := parseTotal([]byte(profile)); err != nil || total != 1477420 {
		t.Errorf("%d, %v", total, err)
	}
	for _, profile := range []string{"", "version: 1\nsummary: 7\n", "totals: \n", "totals: many\n"} {
		if total, err := parseTotal([]byte(profile)); err == nil {
			t.Errorf("%q has %d", profile, total)
		}
	}
}
