package redis

import (
	"context"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// countKeys counts the keys of a numbered database of a part: see
// figures.Collector.CountKeys.
func (s *Server) countKeys(p *part, number int) (figures.Keyspace, error) {
	ks := p.at(number)
	if ks == nil {
		return figures.Keyspace{}, nil
	}
	found, err := s.figures.CountKeys(context.Background(), ks)
	if s.renewed(p, err) {
		return s.figures.CountKeys(context.Background(), p.at(number))
	}
	return found, err
}

// numbered is how many keys a numbered database has.
type numbered struct {
	number int
	figures.Keyspace
}

// countDatabases counts the databases that have keys.
func (s *Server) countDatabases() ([]numbered, error) {
	var list []numbered
	for number := range databaseCount {
		found, err := s.countKeys(s.whole, number)
		if err != nil {
			return nil, err
		}
		if found.Keys > 0 {
			list = append(list, numbered{number, found})
		}
	}
	return list, nil
}

// databaseSize is DBSIZE in a transaction, which counts each time.
func databaseSize(r *Request) error {
	count := int64(0)
	scan := r.keys().Scan(mantisdb.Range{KeysOnly: true})
	for range scan.All() {
		count++
	}
	if scan.Err() == nil {
		r.out.Int(count)
	}
	return scan.Err()
}

func databaseSizeDirect(r *Request) error {
	found, err := r.server.countKeys(r.client.part, r.client.database)
	if err == nil {
		r.out.Int(found.Keys)
	}
	return err
}
