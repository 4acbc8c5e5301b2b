// Package plan is what a comparison does: which system goes through which scenario
// in which round, and in which order.
package plan

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Job is one system in one scenario in one round: a process of its own.
type Job struct {
	Program  Program
	Engine   string
	Scenario string
	Round    int
	Size     Size
	Seconds  float64
	Timeout  time.Duration
}

// Name is group/engine/scenario, which Only is matched against.
func (j Job) Name() string { return j.Program.Group + "/" + j.Engine + "/" + j.Scenario }

// Args are the arguments of the job's process, which puts its data in dir.
func (j Job) Args(dir string) []string {
	args := []string{
		"run",
		"--engine=" + j.Engine,
		"--scenario=" + j.Scenario,
		fmt.Sprintf("--round=%d", j.Round),
		fmt.Sprintf("--seed=%d", j.Round),
		fmt.Sprintf("--keys=%d", j.Size.Keys),
		fmt.Sprintf("--seconds=%g", j.Seconds),
	}
	if j.Size.ValueBytes > 0 {
		args = append(args, fmt.Sprintf("--value-size=%d", j.Size.ValueBytes))
	}
	if j.Program.Stores {
		args = append(args, "--dir="+dir)
	}
	return slices.Concat(args, j.Size.Args, j.Program.Args)
}

// Options choose among what can be done.
type Options struct {
	Scale Scale
	// Only is matched against a job's name; nil takes all.
	Only *regexp.Regexp
	// LeftOut are groups, systems and scenarios that cannot be measured here.
	LeftOut []string
	// Seed decides the order of systems.
	Seed uint64
}

// group is the systems that go through a scenario side by side.
type group struct{ name, scenario string }

// Make makes the jobs. A round is done before the next begins, so that what a machine
// does at some time of the day meets all systems alike; and within a round the
// systems of a scenario come one after the other, in random order.
func Make(o Options, abilities []Ability) []Job {
	jobs := map[group][]Job{}
	var groups []group
	for _, a := range abilities {
		for _, scenario := range a.Scenarios {
			job, planned := o.job(a, scenario)
			if !planned {
				continue
			}
			g := group{a.Program.Group, scenario}
			if jobs[g] == nil {
				groups = append(groups, g)
			}
			jobs[g] = append(jobs[g], job)
		}
	}
	var all []Job
	for round := 1; round <= o.Scale.Rounds; round++ {
		order := rand.New(rand.NewPCG(o.Seed, uint64(round)))
		for _, g := range groups {
			side := slices.Clone(jobs[g])
			order.Shuffle(len(side), func(i, j int) { side[i], side[j] = side[j], side[i] })
			for _, job := range side {
				job.Round = round
				all = append(all, job)
			}
		}
	}
	return all
}

// job is a system's job in a scenario, unless that is not to be done.
func (o Options) job(a Ability, scenario string) (Job, bool) {
	size, known := o.Scale.Sizes[scenario]
	job := Job{
		Program: a.Program, Engine: a.Engine, Scenario: scenario,
		Size: size, Seconds: o.Scale.Seconds, Timeout: o.Scale.Timeout,
	}
	chosen := o.Only == nil || o.Only.MatchString(job.Name())
	possible := !slices.ContainsFunc([]string{a.Program.Group, a.Engine, scenario}, func(name string) bool {
		return slices.Contains(o.LeftOut, name)
	})
	demanded := o.Only != nil && strings.Contains(o.Only.String(), scenario)
	return job, known && chosen && possible && (demanded || !size.OnDemand)
}

// WithKeys is the scale with another number of keys, but where values are so large
// that the scenario's own number is what makes up the data.
func (s Scale) WithKeys(keys uint64) Scale {
	const small = 1 << 10
	sizes := make(map[string]Size, len(s.Sizes))
	for scenario, size := range s.Sizes {
		if size.ValueBytes <= small {
			size.Keys = keys
		}
		sizes[scenario] = size
	}
	s.Sizes = sizes
	return s
}
