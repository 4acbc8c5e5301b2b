package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// The parameters of a read that say how new what it finds has to be. Without a cluster, it is the
// newest.
const (
	consistencyParam  = "consistency"
	maxStalenessParam = "max_staleness"
)

// stalenessHeader tells of what a replica has answered that all of it is there which was
// acknowledged so many milliseconds before the request came. What the leader has answered has none.
const stalenessHeader = "Mantisdb-Staleness"

// consistency is how new what is read has to be.
type consistency struct {
	stale bool          // else all that was acknowledged before is seen
	bound time.Duration // of what is stale
}

// parseConsistency reads the parameters of a read.
func parseConsistency(query *params) consistency {
	c := consistency{bound: cluster.DefaultMaxStaleness}
	c.stale = parsed(query, consistencyParam, func(s string) (bool, error) {
		if s != "linearizable" && s != "stale" {
			return false, errors.New("it must be linearizable or stale")
		}
		return s == "stale", nil
	})
	if _, given := query.lookup(maxStalenessParam); given {
		c.bound = parsed(query, maxStalenessParam, func(s string) (time.Duration, error) {
			bound, err := wire.ParseTTL(s)
			if err != nil {
				return 0, errors.New("it must be a duration such as 500ms, or a number of seconds, and positive")
			}
			return bound, nil
		})
		if !c.stale {
			query.fail(maxStalenessParam, errors.New("it goes with consistency=stale alone"))
		}
	}
	return c
}

// consistencyOf is how new what a query asks for has to be: the newest if it is malformed, so that
// whoever answers tells that.
func consistencyOf(rawQuery string) consistency {
	if rawQuery == "" {
		return consistency{}
	}
	values, err := url.ParseQuery(rawQuery)
	query := params{values: values, failure: err}
	if c := parseConsistency(&query); query.err() == nil {
		return c
	}
	return consistency{}
}

// of is a keyspace whose scans are so new.
func (c consistency) of(ks server.Keyspace) server.Keyspace {
	if in, ok := ks.(interface {
		Stale(bound time.Duration) server.Keyspace
	}); ok && c.stale {
		return in.Stale(c.bound)
	}
	return ks
}

// named is the keyspace that the path of a request names, as new as its query asks for.
func named(r *http.Request, store server.Store) (server.Keyspace, error) {
	name := r.PathValue(keyspaceWildcard)
	if near, ok := store.(interface {
		NamedStale(ctx context.Context, name string, bound time.Duration) (server.Keyspace, error)
	}); ok {
		if c := consistencyOf(r.URL.RawQuery); c.stale {
			return near.NamedStale(r.Context(), name, c.bound)
		}
	}
	return store.Named(r.Context(), name)
}

// tellScanned tells the age of what scans of a keyspace have read, if it is that of a replica.
func tellScanned(header http.Header, ks server.Keyspace) {
	if of, ok := ks.(interface{ Age() time.Duration }); ok {
		if age := of.Age(); age > 0 {
			tellStaleness(header, age)
		}
	}
}

// tellStaleness tells the age of what was read of a replica, rounded up.
func tellStaleness(header http.Header, age time.Duration) {
	milliseconds := (age + time.Millisecond - 1) / time.Millisecond
	header[stalenessHeader] = []string{strconv.FormatInt(int64(milliseconds), 10)}
}
