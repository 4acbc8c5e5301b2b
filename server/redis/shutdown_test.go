package redis

import (
	"context"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// Where nobody is connected, nobody is cut off, however little time there is.
func TestShutdownWithoutTime(t *testing.T) {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		s, err := New(Config{Database: db})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Shutdown(ctx); err != nil {
			t.Fatal("nobody was connected, and Shutdown says:", err)
		}
	}
}
