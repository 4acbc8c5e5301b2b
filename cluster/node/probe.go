package node

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// probes tell whether the consensus of other nodes takes connections. It has a port of its own, which a
// firewall may keep from others while it lets the peer port through: such a node answers, and no replica
// there would hear of anything.
type probes struct {
	logger *slog.Logger

	mu    sync.Mutex // of what follows
	known map[cluster.NodeID]*probe
}

// probe is what is known of one node.
type probe struct {
	asked  time.Time
	took   time.Time // when it took a connection last, or was asked first
	closed bool      // it has taken none for silentAfter
}

// How often a node is asked for a connection, and how long it may take to take it.
const (
	probeEvery  = time.Second
	probeWithin = 500 * time.Millisecond
)

func newProbes(logger *slog.Logger) *probes {
	return &probes{logger: logger, known: make(map[cluster.NodeID]*probe)}
}

// look asks a node that answers for a connection, if it is time to.
func (p *probes) look(ctx context.Context, node cluster.Node) {
	one := p.begin(node.ID, time.Now())
	if one == nil {
		return
	}
	dialer := net.Dialer{Timeout: probeWithin}
	conn, err := dialer.DialContext(ctx, "tcp", node.Raft)
	if err == nil {
		conn.Close() // without a word, which tells the other side that nothing is wanted
	} else if ctx.Err() != nil {
		return
	}
	p.note(node, one, err)
}

// begin is the probe of a node, nil if it is not time for it. The time in which the node was silent,
// and was not asked, does not count against its consensus.
func (p *probes) begin(id cluster.NodeID, now time.Time) *probe {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.known[id]
	if one == nil {
		one = &probe{}
		p.known[id] = one
	}
	switch since := now.Sub(one.asked); {
	case since < probeEvery:
		return nil
	case since > silentAfter && !one.closed:
		one.took = now
	}
	one.asked = now
	return one
}

// isOfOther tells whether a failure to connect may be of the other side's making: this process may have no
// descriptor left, or the system no port or nobody who knows names.
func isOfOther(err error) bool {
	if errors.As(err, new(*net.DNSError)) {
		return false
	}
	for _, own := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS} {
		if errors.Is(err, own) {
			return false
		}
	}
	return true
}

// note notes how an attempt to connect ended.
func (p *probes) note(node cluster.Node, one *probe, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || !isOfOther(err) && !one.closed {
		one.took = time.Now()
	}
	closed := time.Since(one.took) > silentAfter
	switch {
	case closed && !one.closed:
		p.logger.Warn("a node answers, but its consensus takes no connections: its port is the one behind the peer port",
			"node", node.ID, "address", node.Raft, "error", err.Error())
	case !closed && one.closed:
		p.logger.Info("the consensus of a node takes connections again", "node", node.ID, "address", node.Raft)
	}
	one.closed = closed
}

// closed tells whether a node's consensus has taken no connection for a while, though the node answers.
func (p *probes) closed(id cluster.NodeID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.known[id]
	return one != nil && one.closed
}
