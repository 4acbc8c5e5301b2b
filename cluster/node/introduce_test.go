package node

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
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

// TestWrongNeighbours has nodes start that were told wrong addresses of each other, or that something else
// is there: none takes that for a cluster that exists without it.
func TestWrongNeighbours(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	c := newTestCluster(t, 3)
	one, two := c.nodes[1], c.nodes[2]
	one.config.First = maps.Clone(c.first)
	two.config.First = one.config.First
	one.config.First[3] = strings.TrimPrefix(stranger.URL, "http://")
	ctx, cancel := context.WithTimeout(t.Context(), 2*introduceEvery)
	defer cancel()
	if err := one.open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a node that found something else in place of another one: %v", err)
	}

	one.config.First[3] = c.first[2]
	within, cancelled := context.WithTimeout(t.Context(), settled)
	defer cancelled()
	if err := two.open(within); err == nil || !strings.Contains(err.Error(), "this is node 2, and not node 3") {
		t.Errorf("a node with its own address for that of node 3: %v", err)
	}
}
