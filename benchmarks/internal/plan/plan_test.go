package plan

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func abilities() []Ability {
	a, b := Program{Group: "embedded-go", Stores: true}, Program{Group: "server", Args: []string{"--mantisdb=m"}}
	return []Ability{
		{a, "one", []string{"memory", "sync", "compaction"}},
		{a, "two", []string{"memory", "sync"}},
		{a, "three", []string{"memory", "unheard-of"}},
		{b, "redis", []string{"http"}},
	}
}

func options(only string) Options {
	scale, err := FindScale("full")
	if err != nil {
		panic(err)
	}
	o := Options{Scale: scale, Seed: 1}
	if only != "" {
		o.Only = regexp.MustCompile(only)
	}
	return o
}

func names(jobs []Job) []string {
	all := make([]string, len(jobs))
	for i, job := range jobs {
		all[i] = job.Name()
	}
	return all
}

func TestRoundsAndScenariosStayTogether(t *testing.T) {
	o := options("")
	jobs := Make(o, abilities())
	const perRound = 6 // memory of three, sync of two, http of one
	if len(jobs) != perRound*o.Scale.Rounds {
		t.Fatalf("%d jobs: %v", len(jobs), names(jobs))
	}
	orders := map[string]bool{}
	for round := range o.Scale.Rounds {
		part := jobs[round*perRound : (round+1)*perRound]
		var scenarios []string
		for _, job := range part {
			if job.Round != round+1 {
				t.Errorf("%s of round %d is in round %d", job.Name(), job.Round, round+1)
			}
			scenarios = append(scenarios, job.Scenario)
		}
		if want := []string{"memory", "memory", "memory", "sync", "sync", "http"}; !slices.Equal(scenarios, want) {
			t.Errorf("round %d does %v", round+1, scenarios)
		}
		orders[strings.Join(names(part), " ")] = true
	}
	if len(orders) < 2 {
		t.Error("every round has the same order")
	}
}

func TestOrderIsOfTheSeed(t *testing.T) {
	o := options("")
	first, again := names(Make(o, abilities())), names(Make(o, abilities()))
	if !slices.Equal(first, again) {
		t.Error("one seed gives two orders")
	}
	o.Seed = 2
	if slices.Equal(first, names(Make(o, abilities()))) {
		t.Error("two seeds give one order")
	}
}

func TestOnly(t *testing.T) {
	for only, want := range map[string][]string{
		"two/":       {"embedded-go/two/memory", "embedded-go/two/sync"},
		"^server":    {"server/redis/http"},
		"compaction": {"embedded-go/one/compaction"},
		"nothing":    nil,
	} {
		o := options(only)
		o.Scale.Rounds = 1
		if got := slices.Sorted(slices.Values(names(Make(o, abilities())))); !slices.Equal(got, want) {
			t.Errorf("%q chooses %v, want %v", only, got, want)
		}
	}
}

func TestLeftOut(t *testing.T) {
	o := options("")
	o.Scale.Rounds, o.LeftOut = 1, []string{"server", "two", "memory"}
	if got, want := names(Make(o, abilities())), []string{"embedded-go/one/sync"}; !slices.Equal(got, want) {
		t.Errorf("without what is left out there is %v, want %v", got, want)
	}
}

func TestArgs(t *testing.T) {
	o := options("one/memory|redis")
	o.Scale.Seconds = 0.125
	jobs := Make(o, abilities())[:2]
	for i, want := range [][]string{
		{"run", "--engine=one", "--scenario=memory", "--round=1", "--seed=1", "--dir=d", "--seconds=0.125"},
		{"run", "--engine=redis", "--scenario=http", "--mantisdb=m"},
	} {
		args := jobs[i].Args("d")
		for _, arg := range want {
			if !slices.Contains(args, arg) {
				t.Errorf("%v lacks %s", args, arg)
			}
		}
	}
	if slices.Contains(jobs[1].Args("d"), "--dir=d") {
		t.Error("a server is told of a directory")
	}
}

func TestKeysLeaveLargeValuesAlone(t *testing.T) {
	scale := options("").Scale
	large := scale.Sizes["large"]
	other := scale.WithKeys(7)
	if other.Sizes["memory"].Keys != 7 || other.Sizes["large"].Keys != large.Keys || scale.Sizes["memory"].Keys == 7 {
		t.Errorf("sizes %+v of %+v", other.Sizes, scale.Sizes)
	}
}

func TestUnknownScale(t *testing.T) {
	if _, err := FindScale("huge"); err == nil || !strings.Contains(err.Error(), "full, small") {
		t.Errorf("got %v, want an error that names the scales", err)
	}
}

func TestAbilities(t *testing.T) {
	program := func(script string) Program {
		path := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		return Program{Path: path}
	}
	all, err := program("echo one memory sync; echo two memory").Abilities(context.Background())
	if err != nil || len(all) != 2 || all[0].Engine != "one" || !slices.Equal(all[0].Scenarios, []string{"memory", "sync"}) {
		t.Errorf("got %+v, %v", all, err)
	}
	for script, want := range map[string]string{
		"echo one":                "not a name with scenarios",
		"echo broken >&2; exit 3": "broken",
	} {
		if _, err := program(script).Abilities(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", script, err, want)
		}
	}
}
