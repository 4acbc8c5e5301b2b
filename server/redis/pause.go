package redis

import (
	"sync"
	"sync/atomic"
	"time"
)

// pause is CLIENT PAUSE: until it ends, commands wait, all or those that may write.
type pause struct {
	until   atomic.Int64 // Unix milliseconds; 0: there is none
	waiting atomic.Int64 // clients
	mu      sync.Mutex   // of what follows, and of changes of until
	all     bool         // else writes alone
	changed chan struct{}
}

// active tells whether there may be a pause.
func (p *pause) active() bool { return p.until.Load() != 0 }

// begin pauses until a time. A pause that is under way is never made shorter, nor does it
// concern less afterwards.
func (p *pause) begin(until int64, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = all || p.all && p.active()
	p.until.Store(max(until, p.until.Load()))
	p.announce()
}

// end ends the pause, if there is one.
func (p *pause) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until.Store(0)
	p.all = false
	p.announce()
}

// wake has those who wait look again.
func (p *pause) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.announce()
}

func (p *pause) announce() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// holds tells how long a command is to wait, and what tells of a change until then.
func (p *pause) holds(c *Client, cmd *Command) (time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := time.Until(time.UnixMilli(p.until.Load()))
	if left <= 0 {
		p.until.Store(0)
		p.all = false
		return 0, nil
	}
	if !p.all && !c.mayWrite(cmd) || cmd.endsPause() || c.killed.Load() || c.server.ending.Load() {
		return 0, nil
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return left, p.changed
}

// mayWrite tells whether a command is one that a pause of writes holds up.
func (c *Client) mayWrite(cmd *Command) bool {
	if cmd.Name == "exec" && c.transaction != nil {
		for _, q := range c.transaction.commands {
			if q.cmd.has(flagWrite | flagMayReplicate) {
				return true
			}
		}
	}
	return cmd.has(flagWrite | flagMayReplicate)
}

// endsPause tells whether a command is the one that ends a pause, which is never held up:
// in Redis nobody could end a pause of all commands.
func (c *Command) endsPause() bool { return c.parent == "client" && c.Name == "unpause" }

// wait holds a command up until no pause concerns it. It tells whether the command is to be
// executed: not if its client has gone meanwhile, or was killed.
func (p *pause) wait(c *Client, cmd *Command) (goOn bool) {
	left, changed := p.holds(c, cmd)
	if left == 0 {
		return !c.killed.Load()
	}
	c.ownGoroutine()
	if c.flush() != nil {
		return false
	}
	p.waiting.Add(1)
	c.paused.Store(true)
	ahead := c.readAhead()
	defer func() {
		ahead.stop()
		c.paused.Store(false)
		p.waiting.Add(-1)
	}()
	for left > 0 {
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-changed:
		case <-ahead.gone:
			timer.Stop()
			return false
		}
		timer.Stop()
		left, changed = p.holds(c, cmd)
	}
	return !c.killed.Load()
}

// longestPause is a year, in milliseconds; who asks for more gets that.
const longestPause = 365 * 24 * 3600 * 1000

// clientPause is CLIENT PAUSE milliseconds [WRITE | ALL].
func clientPause(r *Request) error {
	all := true
	if len(r.args) > 4 {
		return r.wrongSubcommand()
	}
	if len(r.args) == 4 {
		switch mode := r.args[3]; {
		case is(mode, "WRITE"):
			all = false
		case !is(mode, "ALL"):
			return Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
		}
	}
	millis, ok := parseInteger(r.args[2])
	switch {
	case !ok:
		return Error("ERR timeout is not an integer or out of range")
	case millis < 0:
		return Error("ERR timeout is negative")
	}
	now := r.now.UnixMilli()
	r.server.pause.begin(now+min(millis, longestPause), all)
	r.out.OK()
	return nil
}

func clientUnpause(r *Request) error {
	r.server.pause.end()
	r.out.OK()
	return nil
}
