package results

import (
	"cmp"
	"strings"
)

const (
	ours = "mantisdb"
	// behindOurs is Pebble behind MantisDB's interface: ours, but not what is
	// compared with peers.
	behindOurs = "mantisdb-go"
)

// IsOurs tells whether a system is MantisDB's.
func IsOurs(engine string) bool { return strings.HasPrefix(engine, ours) }

// isSubject tells whether a system is the one that the comparison is about.
func isSubject(engine string) bool { return IsOurs(engine) && engine != behindOurs }

// rank is the place of a system among the columns: the subject, what else is ours,
// peers.
func rank(engine string) int {
	switch {
	case isSubject(engine):
		return 0
	case IsOurs(engine):
		return 1
	default:
		return 2
	}
}

// compareSystems orders systems for a table: ours first, and peers by name.
func compareSystems(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}
