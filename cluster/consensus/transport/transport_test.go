package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	"github.com/lni/dragonboat/v4/raftpb"
)

// end is a transport of the tests, with what came to it.
type end struct {
	raftio.ITransport
	address string
	refuse  bool // chunks

	mu      sync.Mutex
	batches []raftpb.MessageBatch
	chunks  []raftpb.Chunk
	gone    []string // addresses
}

// open opens a transport at an address, until the end of the test if not closed before.
func open(t *testing.T, address string) *end {
	t.Helper()
	e := &end{address: address}
	f := Factory{Logger: slog.New(slog.DiscardHandler), Gone: func(address string, _ func(raftpb.Message)) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.gone = append(e.gone, address)
	}}
	e.ITransport = f.Create(config.NodeHostConfig{RaftAddress: address}, e.takeBatch, e.takeChunk)
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func (e *end) takeBatch(b raftpb.MessageBatch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.batches = append(e.batches, b)
}

func (e *end) takeChunk(c raftpb.Chunk) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chunks = append(e.chunks, c)
	return !e.refuse
}

// left are the addresses that were told of.
func (e *end) left() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.gone)
}

// freeAddress is one at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func batchWith(command string) raftpb.MessageBatch {
	return raftpb.MessageBatch{BinVer: raftio.TransportBinVersion, Requests: []raftpb.Message{{
		Type: raftpb.Replicate, To: 2, From: 1, ShardID: 7, Entries: []raftpb.Entry{{Index: 1, Cmd: []byte(command)}},
	}}}
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}

// connect returns a connection from one end to another, which was used.
func connect(t *testing.T, from, to *end) raftio.IConnection {
	t.Helper()
	c, err := from.GetConnection(t.Context(), to.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	sendUntilTaken(t, c, to)
	return c
}

// sendUntilTaken sends until something comes.
func sendUntilTaken(t *testing.T, c raftio.IConnection, to *end) {
	t.Helper()
	to.mu.Lock()
	before := len(to.batches)
	to.mu.Unlock()
	await(t, "batch that comes", func() bool {
		if err := c.SendMessageBatch(batchWith("command")); err != nil {
			t.Fatal(err)
		}
		to.mu.Lock()
		defer to.mu.Unlock()
		return len(to.batches) > before
	})
}

func TestFrames(t *testing.T) {
	batch := batchWith("command")
	for _, encrypted := range []bool{false, true} {
		frame, err := appendFrame([]byte("before"), batchFrame, &batch, encrypted)
		if err != nil {
			t.Fatal(err)
		}
		frame = frame[len("before"):]
		var buffer bytes.Buffer
		k, content, err := readFrame(bytes.NewReader(frame), &buffer, encrypted)
		if err != nil || k != batchFrame {
			t.Fatalf("a frame of kind %d: %v", k, err)
		}
		var got raftpb.MessageBatch
		if err := got.Unmarshal(content); err != nil || string(got.Requests[0].Entries[0].Cmd) != "command" {
			t.Errorf("%v: %v", got, err)
		}
		whole := len(frame)
		if encrypted {
			whole = magicLen + headerLen // the rest is the connection's to check
		}
		for i := range whole {
			bad := bytes.Clone(frame)
			bad[i] ^= 0x10
			if _, _, err := readFrame(bytes.NewReader(bad), &buffer, encrypted); !errors.Is(err, errMalformed) {
				t.Errorf("with byte %d changed: %v", i, err)
			}
		}
		if _, _, err := readFrame(bytes.NewReader(frame[:len(frame)-1]), &buffer, encrypted); err != io.ErrUnexpectedEOF && err != io.EOF {
			t.Errorf("without its last byte: %v", err)
		}
	}
}

// TestConnectionsComeBack has a host end and begin again: all connections to it must work soon, at
// whichever time they were used.
func TestConnectionsComeBack(t *testing.T) {
	a, b := open(t, freeAddress(t)), open(t, freeAddress(t))
	var connections []raftio.IConnection
	for range 4 {
		connections = append(connections, connect(t, a, b))
	}
	b.Close()
	for _, c := range connections {
		if err := c.SendMessageBatch(batchWith("lost")); err != nil {
			t.Errorf("Dragonboat was told that a host is away, and would not try it for a while: %v", err)
		}
	}
	b = open(t, b.address)
	for _, c := range connections {
		sendUntilTaken(t, c, b)
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
	a, b := open(t, freeAddress(t)), open(t, freeAddress(t))
	c, other := connect(t, a, b), connect(t, a, b)
	for round := 1; round <= 2; round++ {
		b.Close()
		await(t, "word that a host has gone", func() bool { return len(a.left()) == round })
		time.Sleep(2 * redialAfter)
		for _, c := range []raftio.IConnection{c, other} {
			if err := c.SendMessageBatch(batchWith("lost")); err != nil {
				t.Fatal(err)
			}
		}
		if left := a.left(); len(left) != round || left[round-1] != b.address {
			t.Errorf("in round %d it was told that these have gone: %v", round, left)
		}
		b = open(t, b.address)
		sendUntilTaken(t, c, b)
	}
}

// TestSnapshots: who has closed a connection for a snapshot knows that all of it was taken.
func TestSnapshots(t *testing.T) {
	a, b := open(t, freeAddress(t)), open(t, freeAddress(t))
	const chunks = 20
	send := func() (err error) {
		s, err := a.GetSnapshotConnection(t.Context(), b.address)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range uint64(chunks) {
			if err := s.SendChunk(raftpb.Chunk{ChunkId: i, ChunkCount: chunks, Data: make([]byte, 1<<20)}); err != nil {
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
		if c.ChunkId != uint64(i) || len(c.Data) != 1<<20 {
			t.Errorf("chunk %d is %d, with %d bytes", i, c.ChunkId, len(c.Data))
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
	for address, valid := range map[string]bool{"a:1": true, "[::1]:1": true, "a": false, "": false} {
		if (Factory{}).Validate(address) != valid {
			t.Error(fmt.Sprint(address, " is valid: ", !valid))
		}
	}
}
