package caches

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Mix is what is done with each key that is drawn.
type Mix string

// The mixes, by their names in records.
const (
	Reads       Mix = "reads"        // a read
	Reads75     Mix = "reads_75"     // a read for three of four, a put for the others
	ReadThrough Mix = "read_through" // a read, and a put if there was nothing
)

// chunk is how many draws a goroutine works on before it looks whether time is up.
const chunk = 256

// Outcome is what a phase came to, over all its goroutines.
type Outcome struct {
	Operations, Lookups, Hits int64
	Seconds                   float64
}

func (o *Outcome) add(other Outcome) {
	o.Operations += other.Operations
	o.Lookups += other.Lookups
	o.Hits += other.Hits
}

// Fill puts all keys, or reads through the draws.
func Fill(c Cache, keys *Keys, draws []uint32, all bool) error {
	if !all {
		_, err := newClient(c).work(ReadThrough, draws)
		return err
	}
	v := newValue()
	for id := range uint32(keys.Len()) {
		if err := c.Put(id, v.of(id)); err != nil {
			return err
		}
	}
	return nil
}

// Run has goroutines do a mix with the draws for so long. Each begins with another part.
func Run(c Cache, draws []uint32, goroutines int, mix Mix, limit time.Duration) (Outcome, error) {
	var (
		group   sync.WaitGroup
		stop    atomic.Bool
		parts   = make([]Outcome, goroutines)
		errs    = make([]error, goroutines)
		started = make(chan struct{})
	)
	for n := range goroutines {
		worker := newClient(c)
		at := n * (len(draws) / goroutines)
		group.Go(func() {
			<-started
			for errs[n] == nil && !stop.Load() {
				end := min(at+chunk, len(draws))
				var part Outcome
				part, errs[n] = worker.work(mix, draws[at:end])
				parts[n].add(part)
				at = end % len(draws)
			}
		})
	}
	start := time.Now()
	close(started)
	time.Sleep(limit)
	stop.Store(true)
	group.Wait()
	all := Outcome{Seconds: time.Since(start).Seconds()}
	for _, part := range parts {
		all.add(part)
	}
	return all, errors.Join(errs...)
}

// client is what one goroutine works with.
type client struct {
	cache Cache
	read  func(id uint32) (bool, error)
	value *value
}

func newClient(c Cache) client { return client{c, c.Reader(), newValue()} }

func (c client) work(mix Mix, draws []uint32) (o Outcome, err error) {
	for _, draw := range draws {
		id := draw &^ write
		if mix == Reads75 && draw&write != 0 {
			if err := c.cache.Put(id, c.value.of(id)); err != nil {
				return o, err
			}
			continue
		}
		there, err := c.read(id)
		if err == nil && !there && mix == ReadThrough {
			err = c.cache.Put(id, c.value.of(id))
		}
		if err != nil {
			return o, err
		}
		o.Lookups++
		if there {
			o.Hits++
		}
	}
	o.Operations = int64(len(draws))
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
