package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

func panels() []Panel {
	return []Panel{
		{"YCSB A & more, 1 thread", []Bar{
			{"mantisdb-rust", "1.20M", true, results.Spread{Least: 1.1e6, Median: 1.2e6, Greatest: 1.4e6}},
			{"pebble", "300k", false, results.Spread{Least: 2e5, Median: 3e5, Greatest: 3e5}},
		}},
		{"scan", []Bar{{"mantisdb-rust", "5.00M", true, results.Spread{Least: 5e6, Median: 5e6, Greatest: 5e6}}}},
		{"nothing done", []Bar{{"pebble", "0", false, results.Spread{}}}},
	}
}

func drawn(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, "embedded-go, memory", panels()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// texts are the texts of an SVG file, which has to be well-formed.
func texts(t *testing.T, svg []byte) []string {
	t.Helper()
	var all []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok && len(bytes.TrimSpace(data)) > 0 {
			all = append(all, strings.TrimSpace(string(data)))
		}
	}
}

func TestChartNamesEverySystem(t *testing.T) {
	svg := drawn(t)
	seen := texts(t, svg)
	for _, want := range []string{
		"embedded-go, memory", "YCSB A & more, 1 thread", "scan", "mantisdb-rust", "pebble", "1.20M", "300k", "5.00M",
	} {
		if !slices.Contains(seen, want) {
			t.Errorf("the chart lacks %q, it has %q", want, seen)
		}
	}
	if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
		t.Error("the chart has a place that is no number")
	}
}

func TestChartIsTheSameAgain(t *testing.T) {
	if !bytes.Equal(drawn(t), drawn(t)) {
		t.Error("the same figures were drawn in two ways")
	}
}
