package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFirstStart has the nodes that make a cluster start one after the other: the first one waits,
// and the last one comes when the others serve.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 2*introduceEvery)
	defer cancel()
	if err := c.nodes[2].open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a node that nobody has met began: %v", err)
	}
	c.startAll()
	c.await("cluster that serves", c.serves)
}

// TestBegunAgain has a node end after others have met it and before it has begun: it begins with
// the directory that it has.
func TestBegunAgain(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 3)
	c.startAll()
	c.await("cluster that serves", c.serves)
	n := c.nodes[3]
	n.stop()
	if err := os.Remove(filepath.Join(n.config.Dir, identityFile)); err != nil {
		t.Fatal(err)
	}
	c.startAll()
}

// TestLostDirectory has a node lose its directory, and start as it did first.
func TestLostDirectory(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	lost := c.nodes[3]
	c.await("list with all nodes", func() error { return c.registered(3) })
	lost.stop()
	if err := os.RemoveAll(lost.config.Dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), settled)
	defer cancel()
	err := lost.open(ctx)
	if err == nil || !strings.Contains(err.Error(), "cluster remove 3 --dead") {
		t.Fatalf("a node without what it agreed to came back: %v", err)
	}
	lost.config.First, lost.config.Join = nil, []string{c.first[1]}
	if err := lost.open(ctx); err == nil || !strings.Contains(err.Error(), "cluster remove 3 --dead") {
		t.Fatalf("a node without what it agreed to joined: %v", err)
	}
}
