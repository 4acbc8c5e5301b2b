package redis

import (
	"errors"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// part is what a command is executed upon: a database, with the numbered ones that it holds.
// A server without a cluster has one, for ever. In a cluster each shard that this node leads
// is one, for as long as the route leads here.
type part struct {
	db Database
	*databases
	route *cluster.Route // nil without a cluster
}

// openPart is the part that a database is; opened is told of each keyspace that is made, spread as in databases.
func openPart(db Database, route *cluster.Route, opened func(*part, *mantisdb.Keyspace), spread func(name string) error) (*part, error) {
	databases, err := openDatabases(db, spread)
	if err != nil {
		return nil, err
	}
	p := &part{db: db, databases: databases, route: route}
	databases.opened = func(ks *mantisdb.Keyspace) { opened(p, ks) }
	return p, nil
}

// parts are those that this node serves.
func (s *Server) parts() ([]*part, error) {
	if s.routing != nil {
		return s.routing.local()
	}
	return []*part{s.whole}, nil
}

// renewed tells whether an error is that a database's keyspace was dropped, and has it be
// there again: then what failed is to be done once more.
func (s *Server) renewed(p *part, err error) bool {
	if !errors.Is(err, mantisdb.ErrKeyspaceDropped) {
		return false
	}
	if failed := p.renew(); failed != nil {
		s.limited.Error("a database's keyspace was dropped and cannot be made anew", "error", failed.Error())
		return false
	}
	s.limited.Warn("a database's keyspace was dropped, and is there again, empty", "error", err.Error())
	return true
}
