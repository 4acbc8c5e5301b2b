package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// A Part is what of a report is to be made.
type Part string

// The parts that there are, in the order in which they are told.
const (
	PartBalance Part = "balance"
	PartChanges Part = "changes"
	PartBlast   Part = "blast"
	PartYear    Part = "year"
	PartControl Part = "control"
)

// Parts are all of them.
var Parts = []Part{PartBalance, PartChanges, PartBlast, PartYear, PartControl}

// A Report is what was found of one cluster. What was not asked for is nil.
type Report struct {
	Config   Config   `json:"config"`
	Balance  *Balance `json:"balance,omitempty"`
	Changes  *Changes `json:"changes,omitempty"`
	Blasts   []Blast  `json:"blasts,omitempty"`
	Copysets []Blast  `json:"copysets,omitempty"` // the same failures with the placement that was not chosen
	Year     *Year    `json:"year,omitempty"`
	Control  *Control `json:"control,omitempty"`
}

// Run makes the parts asked for. Each draws from a generator of its own, so that it gives the
// same figures alone and beside the others.
func Run(c Config, parts ...Part) (report Report, err error) {
	if err := c.Validate(); err != nil {
		return report, err
	}
	report.Config = c
	cluster := c.cluster()
	for _, part := range parts {
		rng := rand.New(rand.NewPCG(c.Seed, uint64(slices.Index(Parts, part))))
		switch part {
		case PartBalance:
			balance := balanceOf(cluster)
			report.Balance = &balance
		case PartChanges:
			all := changes(c, cluster)
			report.Changes = &all
		case PartBlast:
			sets := copysets(rng, c, cluster.Nodes)
			for _, failures := range c.Failures {
				report.Blasts = append(report.Blasts, blast(rng, cluster.Shards, c.Nodes, failures, c.Trials))
				report.Copysets = append(report.Copysets, blast(rng, sets, c.Nodes, failures, c.Trials))
			}
		case PartYear:
			worth := newWorld(c, rng, cluster).run()
			report.Year = &worth
		case PartControl:
			control := controlOf(c, cluster)
			report.Control = &control
		default:
			return report, fmt.Errorf("no part %q: there are %v", part, Parts)
		}
	}
	return report, nil
}
