package redis

import (
	"context"
	"time"

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

// countDatabases counts the databases that have keys, as far as this node serves them.
func (s *Server) countDatabases() ([]numbered, error) {
	parts, err := s.parts()
	if err != nil {
		return nil, err
	}
	var list []numbered
	for number := range databaseCount {
		sum := figures.Keyspace{}
		for _, p := range parts {
			found, err := s.countKeys(p, number)
			if isGone(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			sum = addCounts(sum, found)
		}
		if sum.Keys > 0 {
			list = append(list, numbered{number, sum})
		}
	}
	return list, nil
}

// addCounts are the counts of two parts together.
func addCounts(a, b figures.Keyspace) figures.Keyspace {
	expiring := a.Expiring + b.Expiring
	mean := (float64(a.AverageTTL)*float64(a.Expiring) + float64(b.AverageTTL)*float64(b.Expiring)) / float64(max(expiring, 1))
	return figures.Keyspace{Keys: a.Keys + b.Keys, Expiring: expiring, AverageTTL: time.Duration(mean)}
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
