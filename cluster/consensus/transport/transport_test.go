package transport

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4/raftio"

	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestConnectionsComeBack has a host end and begin again: all connections to it must work soon, at
// whichever time they were used.
func TestConnectionsComeBack(t *testing.T) {
	a, b := open(t, porttest.Pair(t)), open(t, porttest.Pair(t))
	var connections []raftio.IConnection
	for range 4 {
		connections = append(connections, connect(t, a, b))
	}
	b.Close()
	for _, c := range connections {
		if err := c.SendMessageBatch(batchWith(a.address, "lost")); err != nil {
			t.Errorf("Dragonboat was told that a host is away, and would not try it for a while: %v", err)
		}
	}
	b = open(t, b.address)
	for _, c := range connections {
		sendUntilTaken(t, c, a, b)
	}
	// One that is not used, too: the first batch must not find out that it is broken.
	idle := connections[0].(*link)
	idle.mu.Lock()
	before := idle.conn
	idle.mu.Unlock()
	b.Close()
	open(t, b.address)
	await(t, "new connection in place of one that broke and is not used", func() bool {
		idle.mu.Lock()
		defer idle.mu.Unlock()
		return idle.conn != before
	})
}

// TestGone: that nobody listens any more is told once, and again only when somebody has.
func TestGone(t *testing.T) {
	a, b := open(t, porttest.Pair(t)), open(t, porttest.Pair(t))
	c, other := connect(t, a, b), connect(t, a, b)
	for round := 1; round <= 2; round++ {
		b.Close()
		await(t, "word that a host has gone", func() bool { return len(a.left()) == round })
		time.Sleep(2 * redialAfter)
		for _, c := range []raftio.IConnection{c, other} {
			if err := c.SendMessageBatch(batchWith(a.address, "lost")); err != nil {
				t.Fatal(err)
			}
		}
		if left := a.left(); len(left) != round || left[round-1] != b.address {
			t.Errorf("in round %d it was told that these have gone: %v", round, left)
		}
		b = open(t, b.address)
		sendUntilTaken(t, c, a, b)
	}
}

// TestSnapshots: who has closed a connection for a snapshot knows that all of it was taken.
func TestSnapshots(t *testing.T) {
	a, b := open(t, porttest.Pair(t)), open(t, porttest.Pair(t))
	const chunks = 20
	send := func() (err error) {
		s, err := a.GetSnapshotConnection(t.Context(), b.address)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range uint64(chunks) {
			if err := s.SendChunk(chunkOf(i, 1<<20)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	for i, c := range b.chunks {
		if want := chunkOf(uint64(i), 1<<20); !reflect.DeepEqual(c, want) {
			t.Errorf("chunk %d is another one", i)
		}
	}
	if len(b.chunks) != chunks {
		t.Errorf("%d of %d chunks have come", len(b.chunks), chunks)
	}
	b.refuse = true
	b.mu.Unlock()
	if err := send(); err == nil {
		t.Error("a snapshot was sent to the end that is not wanted")
	}
	b.Close()
	if _, err := a.GetSnapshotConnection(t.Context(), b.address); err == nil {
		t.Error("a snapshot is sent to nobody")
	}
}

func TestValidate(t *testing.T) {
	for address, valid := range map[string]bool{
		"127.0.0.1:70": true, "node.example:70": true, "[::1]:70": true, "127.0.0.1": false, "": false, ":70": false,
		"a:0": false, "a:65536": false, "a:b": false, strings.Repeat("a", maxAddressLen) + ":70": false,
	} {
		if (Factory{}).Validate(address) != valid {
			t.Error(fmt.Sprint(address, " is valid: ", !valid))
		}
	}
}
