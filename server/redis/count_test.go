package redis

import (
	"testing"
	"time"
)

// scans is how many cursors the database has opened.
func (s *testServer) scans(t *testing.T) uint64 {
	t.Helper()
	stats, err := s.db.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return stats.Scans
}

func TestDatabaseSizeIsKept(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	s.fill(t, "key:", 100)
	c.want(int64(100), "DBSIZE")
	before := s.scans(t)
	for range 10 {
		c.want(int64(100), "DBSIZE")
	}
	if walks := s.scans(t) - before; walks != 0 {
		t.Errorf("%d walks, and nothing was written", walks)
	}
	c.want("OK", "SET", "more", "v")
	c.want(int64(101), "DBSIZE")
	c.want("OK", "SET", "shortly", "v", "PX", "1000")
	c.want(int64(102), "DBSIZE")
	time.Sleep(1010 * time.Millisecond)
	c.want(int64(101), "DBSIZE")
	c.want(int64(1), "DEL", "more")
	c.want("OK", "FLUSHALL")
	c.want(int64(0), "DBSIZE")
}

func TestCountKeys(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	if got, err := s.countKeys(s.whole, 5); got.Keys != 0 || err != nil {
		t.Errorf("of a database that nobody has selected: %d, %v", got.Keys, err)
	}
	s.fill(t, "key:", 5)
	c.want("OK", "SET", "a", "v", "PX", "100000")
	c.want("OK", "SET", "b", "v", "PX", "300000")
	got, err := s.countKeys(s.whole, 0)
	if got.Keys != 7 || got.Expiring != 2 || err != nil || got.AverageTTL > 200*time.Second || got.AverageTTL < 190*time.Second {
		t.Errorf("%+v: %v", got, err)
	}
	c.want("OK", "SWAPDB", "0", "5")
	if got, err := s.countKeys(s.whole, 5); got.Keys != 7 || err != nil {
		t.Errorf("after SWAPDB: %d, %v", got.Keys, err)
	}
}
