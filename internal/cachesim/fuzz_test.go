package cachesim

import (
	"bytes"
	"testing"
)

// fuzzRead reads what may be damaged: it may be refused, but a trace that is read
// holds together.
func fuzzRead(f *testing.F, format string) {
	data := sample(format, 100)
	f.Add(data)
	f.Add(compressed(f, data, "zstd"))
	f.Add(compressed(f, data, "xz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		trace, err := read(t.Context(), bytes.NewReader(data), Source{Name: "fuzzed", Format: format}, 10_000)
		if err != nil {
			return
		}
		highest := uint32(0)
		for i, key := range trace.Requests {
			if key > highest+1 || i == 0 && key != 0 {
				t.Fatalf("request %d is of key %d, and the highest before is %d", i, key, highest)
			}
			highest = max(highest, key)
		}
		if trace.Keys != int(highest)+1 || trace.Footprint < uint64(trace.Keys) {
			t.Fatalf("%d keys, footprint %d, the highest key is %d", trace.Keys, trace.Footprint, highest)
		}
		if trace.Sizes != nil && len(trace.Sizes) != trace.Keys {
			t.Fatalf("%d sizes of %d keys", len(trace.Sizes), trace.Keys)
		}
	})
}

func FuzzReadARC(f *testing.F) { fuzzRead(f, FormatARC) }

func FuzzReadU32(f *testing.F) { fuzzRead(f, FormatU32) }

func FuzzReadCSV(f *testing.F) { fuzzRead(f, FormatCSV) }
