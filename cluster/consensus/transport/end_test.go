package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	"github.com/lni/dragonboat/v4/raftpb"

	"github.com/mantisdb/mantisdb/internal/logtest"
)

// deployment is the number of the cluster of the tests.
const deployment = 5

// end is a transport of the tests, with what came to it.
type end struct {
	*transport
	address string
	refuse  bool // chunks
	log     logtest.Buffer

	mu      sync.Mutex
	batches []raftpb.MessageBatch
	chunks  []raftpb.Chunk
	gone    []string // addresses
}

// logged tells whether the end has logged a text.
func (e *end) logged(text string) bool { return strings.Contains(e.log.String(), text) }

// open opens a transport at an address, until the end of the test if not closed before.
func open(t testing.TB, address string) *end {
	t.Helper()
	return openWith(t, address, address, nil)
}

// openWith opens a transport that listens at an address, and says to be found at source.
func openWith(t testing.TB, address, source string, c *tls.Config) *end {
	t.Helper()
	e := &end{address: address}
	f := Factory{
		TLS: c, Entry: takeEntry, Logger: slog.New(slog.NewTextHandler(&e.log, nil)),
		Gone: func(address string, _ func(raftpb.Message)) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.gone = append(e.gone, address)
		},
	}
	host := config.NodeHostConfig{RaftAddress: source, ListenAddress: address, DeploymentID: deployment}
	e.transport = f.Create(host, e.keepBatch, e.keepChunk).(*transport)
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// takeEntry takes all contents of entries but one.
func takeEntry(content []byte) error {
	if string(content) == "bad" {
		return errors.New("nobody can apply it")
	}
	return nil
}

func (e *end) keepBatch(b raftpb.MessageBatch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.batches = append(e.batches, b)
}

func (e *end) keepChunk(c raftpb.Chunk) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chunks = append(e.chunks, c)
	return !e.refuse
}

// came is how many batches and chunks have come.
func (e *end) came() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.batches) + len(e.chunks)
}

// left are the addresses that were told of.
func (e *end) left() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.gone)
}

// proposed is an entry as a replica proposes it.
func proposed(content string) raftpb.Entry {
	return raftpb.Entry{Type: raftpb.EncodedEntry, Key: 4, ClientID: 9, Cmd: append([]byte{encodedEntry}, content...)}
}

// batchWith is a batch of two messages, one of them with an entry.
func batchWith(source, content string) raftpb.MessageBatch {
	entry := proposed(content)
	entry.Index, entry.Term = 7, 3
	return raftpb.MessageBatch{
		SourceAddress: source, DeploymentId: deployment, BinVer: raftio.TransportBinVersion, Requests: []raftpb.Message{
			{Type: raftpb.Replicate, To: 2, From: 1, ShardID: 7, Term: 3, LogIndex: 6, LogTerm: 2, Entries: []raftpb.Entry{entry}},
			{Type: raftpb.Heartbeat, To: 2, From: 1, ShardID: 8, Term: 3},
		},
	}
}

// chunkOf is a chunk with n bytes of a snapshot.
func chunkOf(id uint64, n int) raftpb.Chunk {
	return raftpb.Chunk{
		ShardID: 7, ReplicaID: 2, From: 1, ChunkId: id, FileChunkId: id, Index: 0xab, Term: 3, OnDiskIndex: 0xab,
		DeploymentId: deployment, BinVer: raftio.TransportBinVersion,
		ChunkSize: uint64(n), Data: bytes.Repeat([]byte{byte(id)}, n), Filepath: "snapshot-00000000000000AB.gbsnap",
		Membership: raftpb.Membership{ConfigChangeId: 3, Addresses: map[uint64]string{1: "a:1", 2: "b:2"},
			Removed: map[uint64]bool{3: true}, NonVotings: map[uint64]string{4: "c:3"}},
	}
}

// await waits until a condition holds.
func await(t testing.TB, what string, condition func() bool) {
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
	sendUntilTaken(t, c, from, to)
	return c
}

// sendUntilTaken sends until something comes.
func sendUntilTaken(t *testing.T, c raftio.IConnection, from, to *end) {
	t.Helper()
	before := to.came()
	await(t, "batch that comes", func() bool {
		if err := c.SendMessageBatch(batchWith(from.self.source, "content")); err != nil {
			t.Fatal(err)
		}
		return to.came() > before
	})
}
