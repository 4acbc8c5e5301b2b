package runner

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/plan"
)

// progress estimates how long the rest takes: a job takes as long as the same one in
// the last round, and one that was not done yet as long as the mean of all.
type progress struct {
	rest  []plan.Job
	took  map[string]time.Duration // by the job's name
	total time.Duration
	count int
}

func newProgress(jobs []plan.Job) *progress {
	return &progress{rest: jobs, took: map[string]time.Duration{}}
}

// done takes note of the next job's end.
func (p *progress) done(job plan.Job, took time.Duration) {
	p.rest = p.rest[1:]
	p.took[job.Name()] = took
	p.total += took
	p.count++
}

// estimate is how long the rest takes.
func (p *progress) estimate() time.Duration {
	mean := p.total / time.Duration(p.count)
	var sum time.Duration
	for _, job := range p.rest {
		took, known := p.took[job.Name()]
		if !known {
			took = mean
		}
		sum += took
	}
	return sum
}

// left words the estimate, or nothing after the last job.
func (p *progress) left() string {
	if len(p.rest) == 0 {
		return ""
	}
	return fmt.Sprintf(", about %v left", p.estimate().Round(time.Second))
}
