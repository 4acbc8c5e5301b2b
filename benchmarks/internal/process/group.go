package process

import (
	"context"
	"errors"
	"os"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// Group is the servers that serve together: mostly one.
type Group []*Process

// Start starts n servers on ports of 127.0.0.1, each with an empty directory of its own, and
// returns when all listen. What command returns for server i, which is told the places of all, is
// run until Stop or the context's end.
func Start(ctx context.Context, n int, command func(all []Place, i int) []string) (Group, error) {
	var g Group
	var all []Place
	for range n {
		place, err := newPlace()
		if err != nil {
			g.Stop()
			return nil, err
		}
		g, all = append(g, &Process{Place: place}), append(all, place)
	}
	for i, p := range g {
		p.args = command(all, i)
	}
	if err := g.Restart(ctx); err != nil {
		g.Stop()
		return nil, err
	}
	return g, nil
}

// Kill ends the servers with SIGKILL and waits until they are gone. Their directories stay.
func (g Group) Kill() {
	for _, p := range g {
		p.kill()
	}
}

// Restart runs servers again that were killed, on their ports and in their directories, and
// returns when they listen.
func (g Group) Restart(ctx context.Context) error {
	for _, p := range g {
		if err := p.run(ctx); err != nil {
			return err
		}
	}
	for _, p := range g {
		if err := p.awaitListening(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends the servers, and removes their directories.
func (g Group) Stop() {
	g.Kill()
	for _, p := range g {
		os.RemoveAll(p.Dir)
	}
}

// DiskBytes are those of the disk that their directories take.
func (g Group) DiskBytes() (sum uint64, err error) {
	for _, p := range g {
		n, failed := measure.DiskBytes(p.Dir)
		sum, err = sum+n, errors.Join(err, failed)
	}
	return sum, err
}

// Usage is that of all of them.
func (g Group) Usage() (sum Usage, err error) {
	for _, p := range g {
		u, failed := p.usage()
		err = errors.Join(err, failed)
		sum.CPU += u.CPU
		sum.Anon += u.Anon
		sum.File += u.File
		sum.Written += u.Written
	}
	return sum, err
}
