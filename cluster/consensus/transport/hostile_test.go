package transport

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4/raftpb"

	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestHostilePeers greets in the right way, sends what is taken, and then what is none that a node
// sends: that ends the connection with a line in the log, nothing of it is taken, and others are served
// as before.
func TestHostilePeers(t *testing.T) {
	t.Parallel()
	const source = "127.0.0.1:1"
	of := func(change func(*raftpb.MessageBatch)) []byte {
		b := batchWith(source, "content")
		change(&b)
		return frameOf(batchFrame, encoded(t, &b))
	}
	good := of(func(*raftpb.MessageBatch) {})
	long := bytes.Clone(good)
	binary.LittleEndian.PutUint32(long[4:], 1<<32-1)
	chunk, bad := chunkOf(1, 10), chunkOf(1, 10)
	bad.Filepath = "../elsewhere"
	for name, frame := range map[string][]byte{
		"garbage":             bytes.Repeat([]byte("garbage "), 100),
		"a huge length":       long,
		"another checksum":    append([]byte{1, 2, 3, 4}, good[4:]...),
		"no batch":            frameOf(batchFrame, []byte("garbage")),
		"no chunk":            frameOf(chunkFrame, []byte("garbage")),
		"a batch as chunk":    frameOf(chunkFrame, good[headerLen:]),
		"a chunk as batch":    frameOf(batchFrame, encoded(t, &chunk)),
		"a lie in a batch":    frameOf(batchFrame, hostile()["an entry of endless length"]),
		"another source":      of(func(b *raftpb.MessageBatch) { b.SourceAddress = "127.0.0.1:9" }),
		"another cluster":     of(func(b *raftpb.MessageBatch) { b.DeploymentId++ }),
		"another version":     of(func(b *raftpb.MessageBatch) { b.BinVer++ }),
		"no target":           of(func(b *raftpb.MessageBatch) { b.Requests[1].To = 0 }),
		"a forbidden kind":    of(func(b *raftpb.MessageBatch) { b.Requests[1].Type = raftpb.LocalTick }),
		"an unknown kind":     of(func(b *raftpb.MessageBatch) { b.Requests[1].Type = raftpb.LogQuery + 1 }),
		"a chunk's file":      frameOf(chunkFrame, encoded(t, &bad)),
		"an entry that skips": of(func(b *raftpb.MessageBatch) { b.Requests[0].Entries[0].Index++ }),
		"a bad entry":         of(func(b *raftpb.MessageBatch) { b.Requests[0].Entries[0] = proposed("bad") }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := open(t, porttest.Pair(t))
			conn := greeted(t, to, source)
			if _, err := conn.Write(append(bytes.Clone(good), frame...)); err != nil {
				t.Fatal(err)
			}
			await(t, "batch that comes", func() bool { return to.came() > 0 })
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("%d bytes came back", n)
			}
			await(t, "line in the log", func() bool { return to.logged("malformed") })
			if n := to.came(); n != 1 {
				t.Errorf("%d were taken", n)
			}
			stillServes(t, to)
		})
	}
}

// greeted is a connection over which frames are taken.
func greeted(t *testing.T, to *end, source string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", to.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(greeting{deployment, source}.append(nil)); err != nil {
		t.Fatal(err)
	}
	if err := readAnswer(conn); err != nil {
		t.Fatal(err)
	}
	return conn
}

// stillServes sends something in the right way.
func stillServes(t *testing.T, to *end) {
	t.Helper()
	connect(t, open(t, porttest.Pair(t)), to)
}

// TestTruncated has frames end before their end, which is what also becomes of them when a node ends.
func TestTruncated(t *testing.T) {
	t.Parallel()
	const source = "127.0.0.1:1"
	batch := batchWith(source, "content")
	frame := frameOf(batchFrame, encoded(t, &batch))
	to := open(t, porttest.Pair(t))
	for _, n := range []int{0, 1, headerLen, len(frame) - 1} {
		conn := greeted(t, to, source)
		if _, err := conn.Write(frame[:n]); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	await(t, "end of all connections", func() bool {
		to.transport.mu.Lock()
		defer to.transport.mu.Unlock()
		return len(to.incoming) == 0
	})
	if n := to.came(); n != 0 {
		t.Errorf("%d were taken", n)
	}
	stillServes(t, to)
}

// TestDragonboatRefuses has Dragonboat panic on a batch, as on one that says of a replica that it is at
// another address than before.
func TestDragonboatRefuses(t *testing.T) {
	t.Parallel()
	const source = "127.0.0.1:1"
	to := open(t, porttest.Pair(t))
	take := to.messages
	to.messages = func(b raftpb.MessageBatch) {
		if b.SourceAddress == source {
			panic("inconsistent target")
		}
		take(b)
	}
	conn := greeted(t, to, source)
	batch := batchWith(source, "content")
	if _, err := conn.Write(frameOf(batchFrame, encoded(t, &batch))); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection ends with %v", err)
	}
	await(t, "line in the log", func() bool { return to.logged("inconsistent target") })
	stillServes(t, to)
}

// TestTooManyConnections opens one more than there are places for.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	to := open(t, porttest.Pair(t))
	to.transport.mu.Lock()
	to.places = 1
	to.transport.mu.Unlock()
	first := greeted(t, to, "127.0.0.1:1")
	second, err := net.Dial("tcp", to.address)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("two connections have one place")
	}
	await(t, "line in the log", func() bool { return to.logged("1 connections are open") })
	first.Close()
	stillServes(t, to)
}
