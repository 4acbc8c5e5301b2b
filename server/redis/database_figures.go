package redis

import "time"

// DatabaseFigures are what a numbered database has.
type DatabaseFigures struct {
	Number     int           `json:"number"`
	Keys       int64         `json:"keys"`
	Expires    int64         `json:"expires"` // keys that expire
	AverageTTL time.Duration `json:"average_ttl"`
}

// DatabaseFigures are those of the databases that have keys. They may have to be counted,
// as for DBSIZE.
func (s *Server) DatabaseFigures() ([]DatabaseFigures, error) {
	var list []DatabaseFigures
	for number := range databaseCount {
		keys, expires, ttl, err := s.countKeys(number)
		if err != nil {
			return nil, err
		}
		if keys > 0 {
			list = append(list, DatabaseFigures{number, keys, expires, time.Duration(ttl) * time.Millisecond})
		}
	}
	return list, nil
}
