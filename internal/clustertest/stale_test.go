//go:build linux

package clustertest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// staleBounds are how stale clients ask reads to be at most; 0 is what the API takes then.
var staleBounds = []time.Duration{300 * time.Millisecond, 2 * time.Second, 0}

// staleReads are the reads that might be stale, and what was wrong with them.
type staleReads struct {
	mu       sync.Mutex
	local    int // answered by a replica
	passedOn int // answered by a leader
	wrong    []error
}

// staleAnswer is what a client was told that reads a key of the ledger.
type staleAnswer struct {
	value string
	found bool
	local bool          // a replica has answered
	age   time.Duration // of it; else 0
}

// note counts an answer to a read that began at a moment, of a key that was put.
func (s *staleReads) note(key string, put acknowledgement, bound time.Duration, began time.Time, a staleAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.local {
		s.local++
	} else {
		s.passedOn++
	}
	switch {
	case a.age > cmp.Or(bound, cluster.DefaultMaxStaleness):
		s.wrong = append(s.wrong, fmt.Errorf("%s was read with an age of %v, and a bound of %v", key, a.age, bound))
	case a.found && a.value != strconv.Itoa(put.number):
		s.wrong = append(s.wrong, fmt.Errorf("%s was read as %q", key, a.value))
	case !a.found && !put.at.After(began.Add(-a.age)):
		s.wrong = append(s.wrong, fmt.Errorf("%s was acknowledged %v before it was read, and not found with an age of %v", key, began.Sub(put.at), a.age))
	}
}

// check tells what was wrong.
func (s *staleReads) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.wrong[:min(len(s.wrong), 10)]...)
}

// readStale has a client read a key that it has put, at a node that may have it from a replica.
func (c *client) readStale(address string) error {
	acknowledged := c.ledger.pages[c.id].acknowledged
	if len(acknowledged) == 0 {
		return nil
	}
	// One of the last ones: what is old, all replicas have.
	put := acknowledged[len(acknowledged)-1-c.rng.IntN(min(len(acknowledged), 3))]
	key, bound := c.ledger.key(c.id, put.number), staleBounds[c.rng.IntN(len(staleBounds))]
	began := time.Now()
	a, err := c.workload.client(address).getStale(key, bound)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotDone, err)
	}
	c.stale.note(key, put, bound, began, a)
	return nil
}

// getStale reads a key, from a replica if that is within a bound.
func (c *httpClient) getStale(key string, bound time.Duration) (a staleAnswer, err error) {
	query := "?consistency=stale"
	if bound > 0 {
		query += "&max_staleness=" + bound.String()
	}
	answer, err := c.Get(c.base + "/api/v1/kv/" + url.PathEscape(key) + query)
	if err != nil {
		return a, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return a, err
	}
	a.found = answer.StatusCode == http.StatusOK
	if !a.found && answer.StatusCode != http.StatusNotFound {
		return a, fmt.Errorf("%s: %s", answer.Status, body)
	}
	a.value = string(body)
	text := answer.Header.Get("Mantisdb-Staleness")
	if a.local = text != ""; a.local {
		var milliseconds int64
		milliseconds, err = strconv.ParseInt(text, 10, 64)
		a.age = time.Duration(milliseconds) * time.Millisecond
	}
	return a, err
}
