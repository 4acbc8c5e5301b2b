package redis

import (
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// rates are how much was done in the last second. They are measured as long as there are
// clients; without any, nothing is done, so they are 0.
type rates struct {
	mu      sync.Mutex
	clients int
	stop    chan struct{}
	now     figures.Rates
	before  figures.Traffic
}

const rateInterval = time.Second

// begin tells that a client has come.
func (r *rates) begin(s *Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients++; r.clients == 1 {
		r.stop = make(chan struct{})
		r.before = s.traffic.sum()
		go r.measure(s, r.stop)
	}
}

// end tells that a client has gone.
func (r *rates) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients--; r.clients == 0 {
		close(r.stop)
		r.now = figures.Rates{}
	}
}

func (r *rates) measure(s *Server, stop <-chan struct{}) {
	ticker := time.NewTicker(rateInterval)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			r.take(s.traffic.sum(), now.Sub(last), stop)
			last = now
		}
	}
}

func (r *rates) take(sum figures.Traffic, took time.Duration, stop <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients == 0 || r.stop != stop || took <= 0 {
		return
	}
	per := func(now, before int64) float64 { return float64(max(now-before, 0)) / took.Seconds() }
	r.now = figures.Rates{
		Commands: per(sum.Commands, r.before.Commands),
		Received: per(sum.Received, r.before.Received), Sent: per(sum.Sent, r.before.Sent),
	}
	r.before = sum
}

// reset tells that the traffic is counted from 0 again.
func (r *rates) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = figures.Traffic{}
}

func (r *rates) snapshot() figures.Rates {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}
