package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// heap is a target that keeps what it is given.
type heap struct {
	keys []string
	fail error // of the next write
}

func (h *heap) Close() error    { return nil }
func (h *heap) newBatch() batch { return &heapBatch{heap: h} }

func (h *heap) keyspaces(context.Context) ([]wire.Keyspace, error)                     { return nil, nil }
func (h *heap) createKeyspace(context.Context, string, mantisdb.KeyspaceOptions) error { return nil }
func (h *heap) keyspace(context.Context, string) (keyspace, error)                     { return heapKeyspace{heap: h}, nil }

// heapKeyspace is the default keyspace of a heap, which is only scanned.
type heapKeyspace struct {
	keyspace
	heap *heap
}

func (k heapKeyspace) scan(context.Context, mantisdb.Range, uint64) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		for _, key := range k.heap.keys {
			if !yield(mantisdb.Entry{Key: []byte(key)}, nil) {
				return
			}
		}
		if k.heap.fail != nil {
			yield(mantisdb.Entry{}, k.heap.fail)
		}
	}
}

type heapBatch struct {
	heap *heap
	keys []string
}

func (b *heapBatch) add(rec *wire.Record) error {
	b.keys = append(b.keys, string(rec.Key))
	return nil
}
func (b *heapBatch) len() int  { return len(b.keys) }
func (b *heapBatch) size() int { return 64 * len(b.keys) }
func (b *heapBatch) reset()    { b.keys = b.keys[:0] }
func (b *heapBatch) write(context.Context) error {
	if b.heap.fail != nil {
		return b.heap.fail
	}
	b.heap.keys = append(b.heap.keys, b.keys...)
	return nil
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"key_text":"k%d","value_text":""}`+"\n", i)
	}
	return b.String()
}

// TestImportKeepsOrder: every entry arrives once, in the order of the lines.
func TestImportKeepsOrder(t *testing.T) {
	for _, n := range []int{0, 1, batchEntries - 1, batchEntries, batchEntries + 1, 3*batchEntries + 5} {
		var h heap
		imported, err := importLines(t.Context(), iotest.HalfReader(strings.NewReader(lines(n))), &h, &progress{})
		if err != nil || imported != uint64(n) || len(h.keys) != n {
			t.Fatalf("%d: imported %d, stored %d, %v", n, imported, len(h.keys), err)
		}
		for i, key := range h.keys {
			if key != fmt.Sprintf("k%d", i) {
				t.Fatalf("%d: entry %d is %s", n, i, key)
			}
		}
	}
}

func TestImportFails(t *testing.T) {
	broken := errors.New("it broke")
	h := heap{fail: broken}
	if imported, err := importLines(t.Context(), strings.NewReader(lines(3*batchEntries)), &h, &progress{}); imported != 0 || !errors.Is(err, broken) {
		t.Errorf("a target that fails: %d, %v", imported, err)
	}
	h = heap{}
	in := io.MultiReader(strings.NewReader(lines(10)), iotest.ErrReader(broken))
	imported, err := importLines(t.Context(), in, &h, &progress{})
	if imported != 10 || !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 11: cannot read on") {
		t.Errorf("input that fails: %d, %v", imported, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting, _ := io.Pipe()
	if _, err := importLines(ctx, waiting, &h, &progress{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an import that is called off: %v", err)
	}
}

// TestImportOfAScan: a scan's last line ends the file, if the scan was whole.
func TestImportOfAScan(t *testing.T) {
	end := func(n int) string { return fmt.Sprintf(`{"end":true,"count":%d,"next_cursor":null}`, n) + "\n" }
	for _, c := range []struct {
		input    string
		imported uint64
		says     string // empty: it is imported
	}{
		{end(0), 0, ""},
		{lines(3) + end(3), 3, ""},
		{lines(3) + strings.TrimSpace(end(3)), 3, ""},
		{lines(batchEntries) + end(batchEntries), batchEntries, ""},
		{lines(2) + `{"end":true,"count":2,"next_cursor":"abc"}` + "\n", 2, ""},
		{lines(2) + end(3), 2, "line 3: it ends a scan of 3 entries, and 2 are before it"},
		{lines(2) + end(2) + lines(1), 2, "line 3: it ends a scan, and there is more behind it"},
		{lines(2) + end(2) + end(2), 2, "line 3: it ends a scan, and there is more behind it"},
		{lines(2) + `{"end":false,"count":2}`, 2, "line 3: it ends a scan"},
		{lines(2) + `{"end":true,"count":-2}`, 2, "line 3: malformed last line of a scan"},
		{lines(2) + `{"error":{"status":503,"detail":"the database is closed"}}`, 2, "line 3: the scan failed here: the database is closed"},
		{lines(2) + `{"error":null}`, 2, "line 3: malformed error line of a scan"},
	} {
		var h heap
		imported, err := importLines(t.Context(), strings.NewReader(c.input), &h, &progress{})
		if imported != c.imported || len(h.keys) != int(c.imported) || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.200s: imported %d, stored %d, %v", c.input, imported, len(h.keys), err)
		}
	}
}

func TestOverlongLine(t *testing.T) {
	p := &lineParser{in: strings.NewReader(lines(1) + strings.Repeat("x", 2000)), maxLine: 1000, bar: &progress{}}
	b, err := p.parse((&heap{}).newBatch())
	if b.len() != 1 || err == nil || !strings.Contains(err.Error(), "line 2: longer than any entry can be") {
		t.Errorf("%d, %v", b.len(), err)
	}
}

// TestLargestLine: the entry that takes the longest line fits, in principle.
func TestLargestLine(t *testing.T) {
	escaped := len(`{"keyspace":"","key_text":"","value_text":"","expires_at":9223372036854775807,"version":9223372036854775807}`) +
		len(`\u0000`)*(mantisdb.MaxKeyspaceNameLen+mantisdb.MaxKeyLen+mantisdb.MaxValueLen)
	if escaped >= maxLine {
		t.Errorf("a line of %d bytes does not fit %d", escaped, maxLine)
	}
}

func TestExportFails(t *testing.T) {
	broken := errors.New("it broke")
	if n, err := exportLines(t.Context(), &heap{keys: []string{"a"}, fail: broken}, io.Discard, &progress{}); n != 1 || !errors.Is(err, broken) {
		t.Errorf("a source that fails: %d, %v", n, err)
	}
	if _, err := exportLines(t.Context(), &heap{keys: []string{"a"}}, failingWriter{broken}, &progress{}); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be written: %v", err)
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

// FuzzImport: no line is skipped: either all are stored, or the first that is
// not is named and exactly those before it are stored.
func FuzzImport(f *testing.F) {
	f.Add([]byte(lines(3)))
	f.Add([]byte(lines(1) + "\n" + lines(1)))
	f.Add([]byte(`{"key":"YQ==","value":"Yg=="}` + "\r\n" + `{"key":"!"}`))
	f.Add([]byte("\n"))
	f.Add([]byte(lines(1) + `{"end":true,"count":1,"next_cursor":null}` + "\n"))
	f.Add([]byte(lines(1) + `{"end":true,"count":1,"next_cursor":null}` + "\n" + lines(1)))
	f.Fuzz(func(t *testing.T, input []byte) {
		var h heap
		imported, err := importLines(t.Context(), bytes.NewReader(input), &h, &progress{})
		if int(imported) != len(h.keys) {
			t.Fatalf("%d told, %d stored", imported, len(h.keys))
		}
		total := bytes.Count(input, []byte("\n"))
		if len(input) > 0 && input[len(input)-1] != '\n' {
			total++
		}
		if last := bytes.TrimSuffix(input, []byte("\n")); bytes.HasPrefix(last[bytes.LastIndexByte(last, '\n')+1:], []byte(`{"end":`)) {
			total-- // the end of a scan is no entry
		}
		if err == nil && int(imported) != total {
			t.Fatalf("%d lines, %d stored", total, imported)
		}
		if err != nil && !strings.HasPrefix(err.Error(), fmt.Sprintf("line %d: ", imported+1)) {
			t.Fatalf("%d stored, and then %v", imported, err)
		}
	})
}
