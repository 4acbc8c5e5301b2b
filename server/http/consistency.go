package httpapi

import (
	"errors"
	"net/url"

	"github.com/mantisdb/mantisdb/server"
)

// consistency is how new what is read has to be. Without a cluster, all reads are of the newest.
type consistency int

const (
	linearizable consistency = iota // all that was acknowledged before is seen
	stale                           // what any replica has
)

func parseConsistency(s string) (consistency, error) {
	switch s {
	case "linearizable":
		return linearizable, nil
	case "stale":
		return stale, nil
	}
	return linearizable, errors.New("it must be linearizable or stale")
}

// mayBeStale tells whether a query is content with what any replica has. Who answers tells what
// is malformed.
func mayBeStale(rawQuery string) bool {
	if rawQuery == "" {
		return false
	}
	values, _ := url.ParseQuery(rawQuery)
	return values.Get("consistency") == "stale"
}

// withConsistency is a keyspace whose reads are so new.
func withConsistency(ks server.Keyspace, c consistency) server.Keyspace {
	if in, ok := ks.(interface{ Stale() server.Keyspace }); ok && c == stale {
		return in.Stale()
	}
	return ks
}
