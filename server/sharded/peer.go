package sharded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// Bounds of the connections to another node.
const (
	dialTimeout = 2 * time.Second
	// answerTimeout is how long a peer may take to begin its answer, when it has all of the
	// request.
	answerTimeout = 15 * time.Second
	// idleConnections are kept, so that the usual load makes no new ones.
	idleConnections = 64
	idleTimeout     = time.Minute
)

func newTransport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return &http.Transport{
		DialContext:           dial,
		DisableCompression:    true,
		ResponseHeaderTimeout: answerTimeout,
		MaxIdleConnsPerHost:   idleConnections,
		IdleConnTimeout:       idleTimeout,
	}
}

// naming has each request name the number of the cluster, if it has one, so that a node of another
// cluster which has the address of a node that is gone does not serve it.
type naming struct {
	*http.Transport
	number string
}

// RoundTrip implements http.RoundTripper.
func (n naming) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.number != "" {
		named := *r
		if named.Header = r.Header.Clone(); named.Header == nil {
			named.Header = make(http.Header)
		}
		named.Header.Set(cluster.NumberHeader, n.number)
		r = &named
	}
	return n.Transport.RoundTrip(r)
}

// PeerPath is what paths of a shard begin with at the peer port, without a slash at the end.
// The path of the HTTP API follows.
func PeerPath(shard int) string { return PeerPrefix + strconv.Itoa(shard) }

// PeerPrefix is what PeerPath begins with for all shards.
const PeerPrefix = "/cluster/v1/shards/"

// Request is one of the HTTP API, as it is sent to a peer.
type Request struct {
	Method string
	Target string      // the path of the API, escaped, and the query
	Header http.Header // nil: none
	Body   []byte
}

// onlyReads tells whether the request may be sent twice.
func (r *Request) onlyReads() bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// Send sends a request to who leads a shard, and returns the answer, whatever it tells, but
// for one: cluster.ErrNotLeader, if the peer does not lead the shard. It is
// cluster.ErrOutcomeUnknown if a write was sent and nothing is known of it. The caller closes
// the answer's body.
func (s *Store) Send(ctx context.Context, route *cluster.Route, shard int, r *Request) (*http.Response, error) {
	url := "http://" + route.Peer + PeerPath(shard) + r.Target
	req, err := http.NewRequestWithContext(ctx, r.Method, url, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Header != nil {
		req.Header = r.Header
	}
	resp, err := s.peers.Do(req)
	switch {
	case err != nil:
		return nil, sendError(ctx, r, err)
	case resp.StatusCode == http.StatusMisdirectedRequest:
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body) // so that the connection serves again
		return nil, errors.Join(cluster.ErrNotLeader, err)
	}
	return resp, nil
}

// sendError is what is known of a request without an answer.
func sendError(ctx context.Context, r *Request, err error) error {
	var network *net.OpError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case r.onlyReads(), errors.As(err, &network) && network.Op == "dial":
		return unserved{err}
	}
	return fmt.Errorf("%w: %w", cluster.ErrOutcomeUnknown, err)
}
