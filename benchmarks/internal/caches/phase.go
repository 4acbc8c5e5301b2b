package caches

import (
	"runtime"
	"sync"
	"time"
)

// Outcome is what a phase came to, over all its goroutines.
type Outcome struct {
	Operations, Lookups, Hits uint64
	Seconds                   float64
	// Allocated are objects that Go's heap was asked for.
	Allocated uint64
}

// Fill reads through the draws: what is not there is put.
func Fill(c Cache, draws []uint32) error {
	read, value := c.Reader(), newValue()
	for _, draw := range draws {
		id := draw &^ write
		there, err := read(id)
		if err == nil && !there {
			err = c.Put(id, value.of(id))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Run has goroutines go through the draws, each through its part: three quarters, or all,
// are read, the others put.
func Run(c Cache, draws []uint32, goroutines int, writes bool) (Outcome, error) {
	var (
		group   sync.WaitGroup
		parts   = make([]Outcome, goroutines)
		errs    = make([]error, goroutines)
		started = make(chan struct{})
		share   = len(draws) / goroutines
		before  runtime.MemStats
		after   runtime.MemStats
	)
	for n := range goroutines {
		group.Go(func() {
			<-started
			parts[n], errs[n] = client(c, draws[n*share:(n+1)*share], writes)
		})
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	close(started)
	group.Wait()
	all := Outcome{Seconds: time.Since(start).Seconds()}
	runtime.ReadMemStats(&after)
	all.Allocated = after.Mallocs - before.Mallocs
	for n, part := range parts {
		if errs[n] != nil {
			return all, errs[n]
		}
		all.Operations += part.Operations
		all.Lookups += part.Lookups
		all.Hits += part.Hits
	}
	return all, nil
}

func client(c Cache, draws []uint32, writes bool) (o Outcome, err error) {
	read, value := c.Reader(), newValue()
	for _, draw := range draws {
		id := draw &^ write
		if writes && draw&write != 0 {
			if err := c.Put(id, value.of(id)); err != nil {
				return o, err
			}
			continue
		}
		there, err := read(id)
		if err != nil {
			return o, err
		}
		o.Lookups++
		if there {
			o.Hits++
		}
	}
	o.Operations = uint64(len(draws))
	return o, nil
}

// value is one as a client makes it: it begins with its key's number.
type value [ValueLen]byte

func newValue() *value {
	v := new(value)
	v[ValueLen-1] = 'v'
	return v
}

func (v *value) of(id uint32) []byte {
	v[0], v[1] = byte(id), byte(id>>8)
	return v[:]
}
