package cachesim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// readText reads a trace that is given as text.
func readText(format, text string, columns Columns) (*Trace, error) {
	return Read(context.Background(), strings.NewReader(text), Source{Name: "a.trace", Format: format, Columns: columns})
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		format, text string
		columns      Columns
		requests     []uint32
		sizes        []uint64
		footprint    uint64
	}{
		"arc": {format: FormatARC, text: "10 3 0 0\n11 1 0 1\n\n 12\t2 7 2\r\n",
			requests: []uint32{0, 1, 2, 1, 2, 3}, footprint: 4},
		"arc without an end of line, at the last key": {format: FormatARC, text: "18446744073709551614 2",
			requests: []uint32{0, 1}, footprint: 2},
		"u32": {format: FormatU32, text: "\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00",
			requests: []uint32{0, 1, 0}, footprint: 2},
		"csv of keys alone": {format: FormatCSV, text: "a\nb\n\n\"a\"\n",
			requests: []uint32{0, 1, 0}, footprint: 2},
		"csv with sizes, of which the largest counts": {format: FormatCSV, text: "a,10\nb,0\na, 30\na,20\n",
			requests: []uint32{0, 1, 0, 0}, sizes: []uint64{30, 1}, footprint: 31},
		"csv whose header names the columns": {format: FormatCSV, text: "\ufefftime,Size,KEY\n7,5,x\n8,6,y\n",
			requests: []uint32{0, 1}, sizes: []uint64{5, 6}, footprint: 11},
		"csv whose header names no sizes": {format: FormatCSV, text: "time,key\n7,x\n8,x\n",
			requests: []uint32{0, 0}, footprint: 1},
		"csv whose header has other names": {format: FormatCSV, text: "id,length\n7,4294967295\n",
			requests: []uint32{0}, sizes: []uint64{4294967295}, footprint: 4294967295},
		"csv with chosen columns": {format: FormatCSV, text: "1,a,x,9\n2,a,y,8\n", columns: Columns{Key: 3, Size: 4},
			requests: []uint32{0, 1}, sizes: []uint64{9, 8}, footprint: 17},
		"csv with a chosen key alone": {format: FormatCSV, text: "1,a\n2,a\n", columns: Columns{Key: 2},
			requests: []uint32{0, 0}, footprint: 1},
		"csv with a chosen size alone": {format: FormatCSV, text: "a,?,7\n", columns: Columns{Size: 3},
			requests: []uint32{0}, sizes: []uint64{7}, footprint: 7},
	} {
		trace, err := readText(c.format, c.text, c.columns)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(trace.Requests, c.requests) || !slices.Equal(trace.Sizes, c.sizes) || (trace.Sizes == nil) != (c.sizes == nil) {
			t.Errorf("%s: requests %v, sizes %v, want %v and %v", name, trace.Requests, trace.Sizes, c.requests, c.sizes)
		}
		if trace.Keys != 1+int(slices.Max(c.requests)) || trace.Footprint != c.footprint {
			t.Errorf("%s: %d keys, footprint %d, want %d", name, trace.Keys, trace.Footprint, c.footprint)
		}
	}
}

// TestReadTellsWhatIsWrong: with the name, and the line or byte.
func TestReadTellsWhatIsWrong(t *testing.T) {
	long := strings.Repeat("x", maxRecord+100<<10)
	for name, c := range map[string]struct {
		format, text string
		columns      Columns
		want         string
	}{
		"nothing":            {FormatARC, "", Columns{}, "no requests"},
		"blank lines":        {FormatARC, "\n \n", Columns{}, "no requests"},
		"a header alone":     {FormatCSV, "key,size\n", Columns{}, "no requests"},
		"arc: a word":        {FormatARC, "1 1 0 0\nx 1 0 0\n", Columns{}, `line 2: the first key is "x"`},
		"arc: negative":      {FormatARC, "-1 1 0 0\n", Columns{}, `line 1: the first key is "-1"`},
		"arc: no count":      {FormatARC, "1 1 0 0\n7\n", Columns{}, "line 2: the number of keys is missing"},
		"arc: none":          {FormatARC, "7 0 0 0\n", Columns{}, `line 1: the number of keys is "0": it must be from 1 to 16777216`},
		"arc: too many":      {FormatARC, "7 16777217 0 0\n", Columns{}, "line 1: the number of keys"},
		"arc: beyond 64 bit": {FormatARC, "18446744073709551615 2\n", Columns{}, "line 1: 2 keys from 18446744073709551615 on"},
		"arc: a long line":   {FormatARC, "1 1 0 0\n" + strings.Repeat("1", maxARCLine+1), Columns{}, "line 2: longer than 4096 bytes"},
		"arc: a long word":   {FormatARC, strings.Repeat("9", 100) + " 1\n", Columns{}, `"` + strings.Repeat("9", 40) + `"...`},
		"u32: a part":        {FormatU32, "abcdefg", Columns{}, "byte 4: it ends with 3 bytes"},
		"csv: a quote":       {FormatCSV, "a,1\nb\"c,1\n", Columns{}, "line 2: bare \" in non-quoted"},
		"csv: no size":       {FormatCSV, "a,1\nb\n", Columns{}, "line 2: it has 1 columns, and column 2 is needed"},
		"csv: no number":     {FormatCSV, "a,1\nb,x\n", Columns{}, `line 2: the size is "x"`},
		"csv: empty size":    {FormatCSV, "a,\n", Columns{}, "line 1: the size is missing"},
		"csv: negative":      {FormatCSV, "a,-1\n", Columns{}, `line 1: the size is "-1"`},
		"csv: large size":    {FormatCSV, "a,4294967296\n", Columns{}, "line 1: the size is"},
		"csv: no column":     {FormatCSV, "a,1\n", Columns{Key: 3}, "column 3 is needed"},
		"csv: an open quote": {FormatCSV, "a,1\n\"" + long, Columns{}, "behind line 1: longer than 1048576 bytes"},
		"another format":     {"xml", "a", Columns{}, `no format is called "xml"`},
	} {
		_, err := readText(c.format, c.text, c.columns)
		if err == nil || !strings.HasPrefix(err.Error(), "a.trace: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.200v, want %s", name, err, c.want)
		}
	}
}

// TestReadLongCSV: the limit is one of records, not of files.
func TestReadLongCSV(t *testing.T) {
	record := strings.Repeat("x", maxRecord/3) + "\n"
	trace, err := readText(FormatCSV, strings.Repeat(record, 8), Columns{})
	if err != nil || trace.Keys != 1 || len(trace.Requests) != 8 {
		t.Errorf("%v, %v", trace, err)
	}
}

// sample is a trace of every format, of so many requests.
func sample(format string, requests int) []byte {
	var b bytes.Buffer
	for i := range requests {
		key := uint32(i * i % 1009)
		switch format {
		case FormatARC:
			fmt.Fprintf(&b, "%d 1 0 %d\n", key, i)
		case FormatU32:
			b.Write(binary.LittleEndian.AppendUint32(nil, key))
		case FormatCSV:
			fmt.Fprintf(&b, "key-%d,%d\n", key, 100+key)
		}
	}
	return b.Bytes()
}

func compressed(t testing.TB, data []byte, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	if kind == "zstd" {
		w, err = zstd.NewWriter(&b)
	} else {
		w, err = xz.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadCompressed(t *testing.T) {
	for _, format := range Formats {
		data := sample(format, 20_000)
		want, err := readText(format, string(data), Columns{})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"zstd", "xz"} {
			packed := compressed(t, data, kind)
			// Some programs write several streams, one behind the other.
			for parts, file := range map[int][]byte{1: packed, 2: append(bytes.Clone(packed), packed...)} {
				got, err := readText(format, string(file), Columns{})
				if err != nil || len(got.Requests) != parts*len(want.Requests) || got.Footprint != want.Footprint ||
					!slices.Equal(got.Requests[:len(want.Requests)], want.Requests) {
					t.Errorf("%s of %s, %d parts: %v", kind, format, parts, err)
				}
			}
		}
	}
}

func TestReadDamagedCompression(t *testing.T) {
	data := sample(FormatU32, 200_000)
	for kind, name := range map[string]string{"zstd": "Zstandard", "xz": "xz"} {
		packed := compressed(t, data, kind)
		_, err := readText(FormatU32, string(packed[:len(packed)*2/3]), Columns{})
		if err == nil || !strings.Contains(err.Error(), "its "+name+" data is cut off behind byte ") {
			t.Errorf("%s cut off: %v", kind, err)
		}
		for at := 8; at < len(packed); at += len(packed) / 50 {
			damaged := bytes.Clone(packed)
			damaged[at] ^= 0x10
			if _, err := readText(FormatU32, string(damaged), Columns{}); err == nil {
				t.Errorf("%s: damage at byte %d of %d is not noticed", kind, at, len(packed))
			}
		}
	}
	if _, err := readText(FormatU32, xzMagic, Columns{}); err == nil || !strings.Contains(err.Error(), "cannot decompress it") {
		t.Errorf("the begin of xz alone: %v", err)
	}
}

func TestReadTooMuch(t *testing.T) {
	for _, format := range Formats {
		data := sample(format, 11)
		if _, err := read(t.Context(), bytes.NewReader(data), Source{Format: format}, 11); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		_, err := read(t.Context(), bytes.NewReader(data), Source{Format: format}, 10)
		if err == nil || !strings.Contains(err.Error(), "more requests than can be replayed, which is 10") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestReadFailure(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, format := range Formats {
		in := io.MultiReader(bytes.NewReader(sample(format, 1000)), iotest.ErrReader(broken))
		if _, err := Read(t.Context(), in, Source{Name: "a", Format: format}); !errors.Is(err, broken) {
			t.Errorf("%s: %v", format, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Read(ctx, bytes.NewReader(sample(format, 1000)), Source{Name: "a", Format: format}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", format, err)
		}
	}
}
