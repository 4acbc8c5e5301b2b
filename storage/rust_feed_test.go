//go:build rust

package storage

import (
	"context"
	"errors"
	"testing"
)

// TestRustFeedKeepsNoLargeValue: many may wait for long, and one large value must not
// be held by each of them.
func TestRustFeedKeepsNoLargeValue(t *testing.T) {
	e, err := Open(Config{Engine: EngineRust})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	feed, err := e.Watch(Range{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	const length = 4 << 20
	if _, err := e.Put([]byte("k"), make([]byte, length), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if c, err := feed.Next(t.Context()); err != nil || len(c.Value) != length {
		t.Fatalf("a value of %d bytes, %v", len(c.Value), err)
	}
	looking, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := feed.Next(looking); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if kept := cap(feed.(*rustFeed).buffer); kept > largestPageLen {
		t.Errorf("a feed that waits keeps %d bytes", kept)
	}
}
