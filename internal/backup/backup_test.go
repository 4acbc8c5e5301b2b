package backup

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/mantisdb/mantisdb/storage"
)

var update = flag.Bool("update", false, "write the fixture anew: for a new version of the format, under a new name")

// fixture is a backup of the format's version 1, which must be readable for ever.
const fixture = "testdata/v1.backup"

// sample is the entries of the fixture.
func sample() []storage.Op {
	entries := []storage.Op{
		{Key: []byte{0}, Value: []byte{}},
		{Key: []byte{0, 0xff}, Value: []byte{0xff, 0}, ExpiresAt: 4102444800000},
		{Key: []byte("greeting"), Value: []byte("hello")},
	}
	for i := range 20 {
		entries = append(entries, storage.Op{
			Key: fmt.Appendf(nil, "key-%02d", i), Value: bytes.Repeat([]byte{byte(i)}, i), ExpiresAt: int64(i),
		})
	}
	return entries
}

func encode(t testing.TB, entries []storage.Op) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, Header{Created: 1795415353383, LastVersion: 77})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := w.Add(e.Key, e.Value, e.ExpiresAt); err != nil {
			t.Fatal(err)
		}
	}
	totals, err := w.Close()
	if err != nil || totals.Entries != uint64(len(entries)) || w.Written() != uint64(out.Len()) {
		t.Fatalf("%+v, %d of %d bytes: %v", totals, w.Written(), out.Len(), err)
	}
	return out.Bytes()
}

// decode reads a stream to its end.
func decode(r io.Reader) (Header, []storage.Op, error) {
	in, err := NewReader(r)
	if err != nil {
		return Header{}, nil, err
	}
	var entries []storage.Op
	for {
		var batch storage.Batch
		err := in.Next(&batch)
		if errors.Is(err, io.EOF) {
			if in.Next(&batch) != io.EOF || batch.Len() > 0 || in.Totals().Entries != uint64(len(entries)) {
				return Header{}, nil, errors.New("the end is not the end")
			}
			return in.Header, entries, nil
		}
		if err != nil {
			return Header{}, nil, err
		}
		entries = slices.AppendSeq(entries, batch.All())
	}
}

func wantSame(t testing.TB, got, want []storage.Op) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i].Key, want[i].Key) || !bytes.Equal(got[i].Value, want[i].Value) || got[i].ExpiresAt != want[i].ExpiresAt {
			t.Fatalf("entry %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestFixture(t *testing.T) {
	if *update {
		if err := os.WriteFile(fixture, encode(t, sample()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	header, entries, err := decode(bytes.NewReader(stream))
	if err != nil || header != (Header{Created: 1795415353383, LastVersion: 77}) {
		t.Fatalf("%+v: %v", header, err)
	}
	wantSame(t, entries, sample())
	if !bytes.Equal(encode(t, sample()), stream) {
		t.Error("what is written is not what was: the format has changed without a new version")
	}
}

func TestEmptyAndLarge(t *testing.T) {
	for _, entries := range [][]storage.Op{
		nil,
		{{Key: bytes.Repeat([]byte("k"), storage.MaxKeyLen), Value: make([]byte, storage.MaxValueLen)}, {Key: []byte("l")}},
		{{Key: []byte("a"), Value: make([]byte, chunkTarget)}, {Key: []byte("b"), Value: make([]byte, chunkTarget)}},
	} {
		_, got, err := decode(iotest.HalfReader(bytes.NewReader(encode(t, entries))))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, got, entries)
	}
}

// TestEveryTruncation and TestEveryFlippedBit: no damage goes unnoticed.
func TestEveryTruncation(t *testing.T) {
	stream := encode(t, sample())
	for n := range stream {
		if _, _, err := decode(bytes.NewReader(stream[:n])); !errors.Is(err, storage.ErrCorrupt) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, _, err := decode(bytes.NewReader(append(slices.Clone(stream), 0))); !errors.Is(err, storage.ErrCorrupt) {
		t.Fatalf("a byte more: %v", err)
	}
}

func TestEveryFlippedBit(t *testing.T) {
	stream := encode(t, sample())
	for bit := range 8 * len(stream) {
		damaged := slices.Clone(stream)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, _, err := decode(bytes.NewReader(damaged)); !errors.Is(err, storage.ErrCorrupt) && !errors.Is(err, storage.ErrWrongFormat) {
			t.Fatalf("bit %d of byte %d: %v", bit%8, bit/8, err)
		}
	}
}

// TestMissingChunk: each frame that is left has a good checksum.
func TestMissingChunk(t *testing.T) {
	var entries []storage.Op
	for i := range 5 {
		entries = append(entries, storage.Op{Key: []byte{byte(i + 1)}, Value: make([]byte, chunkTarget)})
	}
	stream := encode(t, entries)
	frameLen := (len(stream) - headerLen - frameHeaderLen - trailerLen) / len(entries)
	for i := range entries {
		at := headerLen + i*frameLen
		for what, damaged := range map[string][]byte{
			"left out": slices.Concat(stream[:at], stream[at+frameLen:]),
			"twice":    slices.Concat(stream[:at+frameLen], stream[at:]),
		} {
			if _, _, err := decode(bytes.NewReader(damaged)); !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("chunk %d %s: %v", i, what, err)
			}
		}
	}
}

func TestRefusesWhatCannotBe(t *testing.T) {
	for what, entries := range map[string][]storage.Op{
		"an empty key":       {{Value: []byte("v")}},
		"a long key":         {{Key: make([]byte, storage.MaxKeyLen+1)}},
		"keys out of order":  {{Key: []byte("b")}, {Key: []byte("a")}},
		"a key twice":        {{Key: []byte("a")}, {Key: []byte("a")}},
		"a negative expiry":  {{Key: []byte("a"), ExpiresAt: -1}},
		"a value too long":   {{Key: []byte("a"), Value: make([]byte, storage.MaxValueLen+1)}},
		"a key of no length": {{Key: []byte("a")}, {}},
	} {
		if _, _, err := decode(bytes.NewReader(encode(t, entries))); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestReadAndWriteErrors(t *testing.T) {
	broken := errors.New("broken")
	stream := encode(t, sample())
	for n := 0; n < len(stream); n += 7 {
		r := io.MultiReader(bytes.NewReader(stream[:n]), iotest.ErrReader(broken))
		if _, _, err := decode(r); !errors.Is(err, broken) || errors.Is(err, storage.ErrCorrupt) {
			t.Fatalf("an error at byte %d: %v", n, err)
		}
	}
	if _, err := NewWriter(failingWriter{broken}, Header{}); !errors.Is(err, broken) {
		t.Errorf("NewWriter: %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// FuzzReader: whatever comes, there is no panic and no more memory than the
// stream is long; and what is read to the end is what writing it again makes.
func FuzzReader(f *testing.F) {
	stream, err := os.ReadFile(fixture)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stream)
	f.Add(encode(f, nil))
	f.Add(stream[:headerLen+frameHeaderLen])
	f.Fuzz(func(t *testing.T, p []byte) {
		header, entries, err := decode(bytes.NewReader(p))
		if err != nil {
			return
		}
		var out bytes.Buffer
		w, _ := NewWriter(&out, header)
		for _, e := range entries {
			w.Add(e.Key, e.Value, e.ExpiresAt)
		}
		w.Close()
		_, again, err := decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, again, entries)
	})
}

// FuzzChunk gets past the checksums, to what they protect.
func FuzzChunk(f *testing.F) {
	var payload []byte
	for _, e := range sample() {
		payload = appendEntry(payload, e.Key, e.Value, e.ExpiresAt)
	}
	f.Add(payload)
	f.Add(appendEntry(nil, []byte("k"), nil, 0))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var batch storage.Batch
		in := &Reader{}
		if err := in.addEntries(&batch, payload, 0); err != nil {
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		var again []byte
		for op := range batch.All() {
			again = appendEntry(again, op.Key, op.Value, op.ExpiresAt)
		}
		if !bytes.Equal(again, payload) {
			t.Fatal("what was read is not what was there")
		}
	})
}
