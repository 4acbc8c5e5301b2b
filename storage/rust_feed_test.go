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

// TestRustFeedLooksAtAPart: who only looks, where much is written that is not of the range, comes back
// before all of it was looked at, and finds what is behind by and by.
func TestRustFeedLooksAtAPart(t *testing.T) {
	e, err := Open(Config{Engine: EngineRust, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	feed, err := e.Watch(Prefix([]byte("z")), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	value := make([]byte, 1<<20)
	for range 40 {
		if _, err := e.Put([]byte("a"), value, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Put([]byte("z"), nil, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	looking, cancel := context.WithCancel(t.Context())
	cancel()
	looks := 0
	for ; ; looks++ {
		c, err := feed.Next(looking)
		if err == nil && string(c.Key) == "z" {
			break
		}
		if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrMoreToLookAt) {
			t.Fatalf("look %d: %+v, %v", looks, c, err)
		}
	}
	if looks == 0 {
		t.Error("one look went through all")
	}
	if _, err := feed.Next(looking); !errors.Is(err, context.Canceled) || errors.Is(err, ErrMoreToLookAt) {
		t.Errorf("behind all: %v", err)
	}
}
