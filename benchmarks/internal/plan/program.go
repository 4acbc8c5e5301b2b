package plan

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// Program measures the systems of a group, one of them in one scenario at a time.
type Program struct {
	Group string
	Path  string
	Args  []string // of each run, beside those that a job brings
	// Stores tells that the program is told where to put data. The others find a
	// place by TMPDIR, if they need one.
	Stores bool
}

// Programs are all programs. bin has those that are built for this, and server is
// MantisDB's, with the Rust engine.
func Programs(bin, server string) []Program {
	return []Program{
		{Group: measure.GroupEmbeddedGo, Path: filepath.Join(bin, "peers"), Stores: true},
		{Group: measure.GroupEmbeddedRust, Path: filepath.Join(bin, "release", "mantisdb-peers"), Stores: true},
		{Group: measure.GroupCacheGo, Path: filepath.Join(bin, "caches")},
		{Group: measure.GroupCacheRust, Path: filepath.Join(bin, "release", "cache-peers")},
		{Group: measure.GroupServer, Path: filepath.Join(bin, "servers"), Args: []string{"--mantisdb=" + server}},
	}
}

// Ability is a system with the scenarios that its program can put it through.
type Ability struct {
	Program   Program
	Engine    string
	Scenarios []string
}

// patience is how long a program may take to answer.
const patience = 10 * time.Second

// Abilities asks a program what it can do: a line for each system, its name and
// then scenarios.
func (p Program) Abilities(ctx context.Context) ([]Ability, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := exec.CommandContext(ctx, p.Path, "engines").Output()
	if err != nil {
		return nil, fmt.Errorf("%s engines: %w", p.Path, reasonOf(err))
	}
	var all []Ability
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			return nil, fmt.Errorf("%s engines: %q is not a name with scenarios", p.Path, strings.TrimSpace(line))
		}
		all = append(all, Ability{Program: p, Engine: words[0], Scenarios: words[1:]})
	}
	return all, nil
}

// reasonOf is what the program said, if it said something.
func reasonOf(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
