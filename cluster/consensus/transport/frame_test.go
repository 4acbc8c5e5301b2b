package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
)

// frameOf is a frame with a payload.
func frameOf(k kind, payload []byte) []byte {
	frame := append(make([]byte, headerLen), payload...)
	seal(frame, k)
	return frame
}

// encoded is a message of the library's in its encoding.
func encoded(t testing.TB, m interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFramesThatAreNone(t *testing.T) {
	t.Parallel()
	good := frameOf(batchFrame, []byte("payload"))
	header := func(length uint32, k kind) []byte {
		h := make([]byte, headerLen)
		binary.LittleEndian.PutUint32(h[4:], length)
		h[8] = byte(k)
		return h
	}
	for name, test := range map[string]struct {
		stream []byte
		want   error
	}{
		"nothing":               {nil, io.EOF},
		"an unknown kind":       {frameOf(3, []byte("payload")), errMalformed},
		"kind 0":                {make([]byte, headerLen), errMalformed},
		"no payload":            {frameOf(batchFrame, nil), errMalformed},
		"a batch too long":      {header(maxBatchLen+1, batchFrame), errMalformed},
		"a chunk too long":      {header(maxChunkLen+1, chunkFrame), errMalformed},
		"the longest, cut off":  {header(maxBatchLen, batchFrame), io.ErrUnexpectedEOF},
		"a frame, and no frame": {append(bytes.Clone(good), "garbage that is long enough"...), errMalformed},
	} {
		r := newFrameReader(bytes.NewReader(test.stream))
		var err error
		for err == nil {
			_, _, err = r.next()
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := 1; n < len(good); n++ {
		if _, _, err := newFrameReader(bytes.NewReader(good[:n])).next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
	}
	for i := range len(good) * 8 {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		if _, _, err := newFrameReader(bytes.NewReader(b)).next(); err == nil {
			t.Errorf("bit %d is another one, and nobody sees it", i)
		}
	}
}

// TestALengthTakesNoMemory: what a header says is believed as it arrives.
func TestALengthTakesNoMemory(t *testing.T) {
	stream := append(frameOf(batchFrame, make([]byte, 1))[:headerLen], make([]byte, 1<<20)...)
	binary.LittleEndian.PutUint32(stream[4:], maxBatchLen)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := newFrameReader(bytes.NewReader(stream)).next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
		t.Errorf("%d bytes were taken for 1 MiB that arrived", took)
	}
}

// TestMemoryOfALongBatchIsLetGo reads a long batch, and then a short one.
func TestMemoryOfALongBatchIsLetGo(t *testing.T) {
	t.Parallel()
	stream := append(frameOf(batchFrame, make([]byte, 8<<20)), frameOf(batchFrame, make([]byte, 10))...)
	r := newFrameReader(bytes.NewReader(stream))
	for range 2 {
		if _, _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(r.memory) > batchFrame.keptLen() {
		t.Errorf("%d bytes are kept", cap(r.memory))
	}
}

// TestFramesAreWritten writes batches of different lengths, and reads them.
func TestFramesAreWritten(t *testing.T) {
	t.Parallel()
	var w frameWriter
	for _, n := range []int{0, 100, readAhead, batchFrame.keptLen() + 1, 100, 32 << 20} {
		batch := batchWith("a:1", string(make([]byte, n)))
		frame, err := w.frame(batchFrame, batch.SizeUpperLimit(), batch.MarshalTo)
		if err != nil {
			t.Fatal(err)
		}
		k, payload, err := newFrameReader(bytes.NewReader(frame)).next()
		if err != nil || k != batchFrame || !bytes.Equal(payload, encoded(t, &batch)) {
			t.Errorf("of a batch with %d bytes a frame of kind %d came with %d: %v", n, k, len(payload), err)
		}
		if cap(w.memory) > batchFrame.keptLen() {
			t.Errorf("after %d bytes, %d are kept", n, cap(w.memory))
		}
	}
	long := batchWith("a:1", string(make([]byte, maxBatchLen)))
	if _, err := w.frame(batchFrame, long.SizeUpperLimit(), long.MarshalTo); err == nil {
		t.Error("a batch is written that nobody takes")
	}
}

func TestFramesTakeNoMemory(t *testing.T) {
	var w frameWriter
	batch := batchWith("a:1", "content")
	if n := testing.AllocsPerRun(100, func() {
		_, _ = w.frame(batchFrame, batch.SizeUpperLimit(), batch.MarshalTo)
	}); n != 0 {
		t.Errorf("a frame takes %v allocations", n)
	}
}
