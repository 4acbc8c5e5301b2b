package transport

import (
	"bytes"
	"errors"
	"testing"

	"github.com/lni/dragonboat/v4/raftpb"
	"google.golang.org/protobuf/encoding/protowire"
)

// wholeBatch is a batch in which all fields are, also those that nodes do not send.
func wholeBatch() raftpb.MessageBatch {
	b := batchWith("127.0.0.1:1", "content")
	m := &b.Requests[0]
	m.Entries = append(m.Entries, raftpb.Entry{
		Term: 1 << 60, Index: 1 << 60, Type: raftpb.EncodedEntry, Key: 1 << 60, ClientID: 5, SeriesID: 300, RespondedTo: 7,
	})
	m.Snapshot = raftpb.Snapshot{
		Filepath: "a/b", Index: 4, Membership: chunkOf(0, 0).Membership, Checksum: []byte("sum"),
		Files: []*raftpb.SnapshotFile{{Filepath: "c", FileId: 1, Metadata: []byte("m")}},
	}
	m.Snapshot.Membership.Witnesses = map[uint64]string{5: "d:4"}
	return b
}

func TestWhatDragonboatEncodesHasTheForm(t *testing.T) {
	t.Parallel()
	batch, chunk := wholeBatch(), chunkOf(1, 10)
	chunk.HasFileInfo, chunk.FileInfo = true, raftpb.SnapshotFile{FileId: 3, Metadata: []byte("m")}
	if err := batchFrame.checkForm(encoded(t, &batch)); err != nil {
		t.Error(err)
	}
	if err := chunkFrame.checkForm(encoded(t, &chunk)); err != nil {
		t.Error(err)
	}
}

// TestThePartsOfTheFullestBatch fills a batch with as many messages, and as many entries, as
// Dragonboat puts into one.
func TestThePartsOfTheFullestBatch(t *testing.T) {
	t.Parallel()
	const full = 64 << 20 // by Dragonboat's count
	var message raftpb.Message
	var entry raftpb.Entry
	messages := partOf(1, encoded(t, &message))
	entries := partOf(11, encoded(t, &entry))
	for name, payload := range map[string][]byte{
		"messages": bytes.Repeat(messages, full/message.SizeUpperLimit()),
		"entries":  partOf(1, bytes.Repeat(entries, full/entry.SizeUpperLimit())),
	} {
		if err := batchFrame.checkForm(payload); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := batchFrame.checkForm(bytes.Repeat([]byte{1<<3 | 2, 0}, maxBatchLen/2)); !errors.Is(err, errMalformed) {
		t.Errorf("of messages that are empty: %v", err)
	}
}

// partOf is a field of bytes.
func partOf(n protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b)
}

// hostile are payloads on which Dragonboat's decoders reach out of bounds.
func hostile() map[string][]byte {
	const longest = 1<<63 - 1
	long := func(n protowire.Number, length uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.BytesType), length)
	}
	return map[string][]byte{
		"a number that is cut off behind a message": append(partOf(1, nil), 0x80),
		"an entry of endless length":                partOf(1, long(11, longest)),
		"a number that is cut off behind an entry":  partOf(1, append(partOf(11, []byte{0x7f}), 0x80)),
		"a message of endless length":               long(1, longest),
		"an unknown field in a map":                 partOf(1, partOf(12, partOf(6, partOf(2, long(9, longest-10))))),
	}
}

func TestHostilePayloads(t *testing.T) {
	t.Parallel()
	for name, payload := range hostile() {
		if !panics(payload) {
			t.Errorf("%s: the decoder refuses it itself, so that the test shows nothing", name)
		}
		if err := batchFrame.checkForm(payload); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// panics tells whether the decoder of batches panics on a payload.
func panics(payload []byte) (did bool) {
	defer func() { did = recover() != nil }()
	var b raftpb.MessageBatch
	_ = b.Unmarshal(payload)
	return false
}

// FuzzPayload hands payloads to the decoders as they come from a connection. None may panic, and what
// is taken of them is what Dragonboat encodes again.
func FuzzPayload(f *testing.F) {
	const source = "127.0.0.1:1"
	whole, batch, chunk := wholeBatch(), batchWith(source, "content"), chunkOf(0, snapshotHeaderLen)
	f.Add(true, encoded(f, &whole))
	f.Add(true, encoded(f, &batch))
	f.Add(false, encoded(f, &chunk))
	for _, payload := range hostile() {
		f.Add(true, payload)
		f.Add(false, payload)
	}
	var again interface{ Marshal() ([]byte, error) }
	to := &transport{
		self: greeting{deployment, "127.0.0.1:2"}, entry: takeEntry,
		messages: func(b raftpb.MessageBatch) { again = &b }, chunks: func(c raftpb.Chunk) bool { again = &c; return true },
	}
	f.Fuzz(func(t *testing.T, isBatch bool, payload []byte) {
		k := chunkFrame
		if isBatch {
			k = batchFrame
		}
		again = nil
		if err := to.take(k, payload, source); (err == nil) != (again != nil) {
			t.Fatalf("it was taken, or was not: %v", err)
		}
		if again != nil {
			if err := to.take(k, encoded(t, again), source); err != nil {
				t.Errorf("what was taken is none that a node sends: %v", err)
			}
		}
	})
}

// FuzzStream reads a greeting, and frames, from any bytes.
func FuzzStream(f *testing.F) {
	batch := batchWith("127.0.0.1:1", "content")
	greeted := greeting{deployment, "127.0.0.1:1"}.append(nil)
	f.Add(append(greeted, frameOf(batchFrame, encoded(f, &batch))...))
	f.Add(greeted)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		in := bytes.NewReader(stream)
		g, err := readGreeting(in)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(stream, g.append(nil)) {
			t.Fatalf("of %q the greeting is %q", stream, g.append(nil))
		}
		r := newFrameReader(in)
		for {
			k, payload, err := r.next()
			if err != nil {
				return
			}
			if len(payload) == 0 || len(payload) > k.maxLen() {
				t.Fatalf("a frame of kind %d has %d bytes", k, len(payload))
			}
		}
	})
}
