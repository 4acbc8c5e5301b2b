package redis

import (
	"context"
	"sync"

	"github.com/mantisdb/mantisdb"
)

// expiries publish that keys have expired, of which the engine does not tell: to it, an
// expired key is one that is not there. While somebody wants to know, each database is
// followed by a goroutine of its own.
type expiries struct {
	server *Server

	mu        sync.Mutex
	end       context.CancelFunc // nil: nobody wants to know
	ctx       context.Context
	ended     bool // for good
	following sync.WaitGroup
	followed  map[*mantisdb.Keyspace]struct{}
}

// set switches it on or off. What expires after it was switched on is published, and
// nothing any more after it was switched off.
func (x *expiries) set(on bool) error {
	parts, err := x.server.parts()
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := p.renew(); err != nil {
			return err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if on == (x.end != nil) || x.ended {
		return nil
	}
	if !on {
		x.off()
		return nil
	}
	x.ctx, x.end = context.WithCancel(context.Background())
	x.followed = map[*mantisdb.Keyspace]struct{}{}
	for _, p := range parts {
		if err := x.beginAll(p); err != nil {
			x.off()
			return err
		}
	}
	return nil
}

// beginAll follows the databases of a part that there are. It is called with mu.
func (x *expiries) beginAll(p *part) error {
	for number := range databaseCount {
		if ks := p.at(number); ks != nil {
			if err := x.begin(p, ks); err != nil {
				return err
			}
		}
	}
	return nil
}

// followPart follows a part that is served from now on.
func (x *expiries) followPart(p *part) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.end == nil {
		return
	}
	if err := x.beginAll(p); err != nil && !isGone(err) {
		x.server.logger.Error("keys that expire are not told of", "error", err.Error())
	}
}

// off ends all goroutines. It is called with mu.
func (x *expiries) off() {
	x.end()
	x.following.Wait()
	x.end, x.followed = nil, nil
}

// stop is set(false) for good.
func (x *expiries) stop() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.end != nil {
		x.off()
	}
	x.ended = true
}

// follow follows a database that was made just now.
func (x *expiries) follow(p *part, ks *mantisdb.Keyspace) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.end == nil {
		return
	}
	if err := x.begin(p, ks); err != nil {
		x.server.logger.Error("keys that expire are not told of", "keyspace", ks.Name(), "error", err.Error())
	}
}

// begin follows a database from now on. It is called with mu.
func (x *expiries) begin(p *part, ks *mantisdb.Keyspace) error {
	if _, follows := x.followed[ks]; follows {
		return nil
	}
	f := &expiryFollower{server: x.server, part: p, ks: ks, queue: expiryQueue{room: expiryRoom}}
	if err := f.watchAnew(); err != nil {
		return err
	}
	x.followed[ks] = struct{}{}
	ctx := x.ctx
	x.following.Go(func() { f.run(ctx) })
	return nil
}
