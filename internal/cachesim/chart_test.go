package cachesim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// drawn is what an SVG file holds.
type drawn struct {
	texts    []string // of every element that has some
	elements map[string]int
}

// parseSVG reads a file as XML, and finds what is no number in it.
func parseSVG(t *testing.T, data []byte) drawn {
	t.Helper()
	if text := string(data); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("places that are no numbers:\n%s", text)
	}
	d := drawn{elements: make(map[string]int)}
	decoder := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		if err != nil {
			t.Fatalf("no well-formed XML: %v\n%s", err, data)
		}
		switch token := token.(type) {
		case xml.StartElement:
			d.elements[token.Name.Local]++
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				d.texts = append(d.texts, text)
			}
		}
	}
}

func chartOf(t *testing.T, report *Report) drawn {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	return parseSVG(t, b.Bytes())
}

func TestChartShowsEveryPolicy(t *testing.T) {
	report := entriesReport()
	d := chartOf(t, report)
	all := "\n" + strings.Join(d.texts, "\n") + "\n"
	for _, want := range []string{
		"mail.lis.zst", "914,145 requests of 186,880 keys", "belady", "lru", "s3-fifo",
		"hit ratio", "size of the cache, entries, logarithmic", "1k", "20k", "30%", "80%",
		"s3-fifo, 2,000 entries: 47.60%", "belady, 37,376 entries: 79.12%",
	} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("the chart lacks %q:%s", want, all)
		}
	}
}

// TestChartOfBytes has a plot for each of the two ratios, and a name that is to be
// escaped.
func TestChartOfBytes(t *testing.T) {
	d := chartOf(t, bytesReport())
	all := "\n" + strings.Join(d.texts, "\n") + "\n"
	for _, want := range []string{
		`objects <&> "more".csv`, "1,000 requests of 10 keys, 3.0 MiB", "hit ratio", "byte hit ratio",
		"64 KiB", "1 MiB", "lru, 1,048,576 bytes: 50.00%",
	} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("the chart lacks %q:%s", want, all)
		}
	}
}

// TestChartPlaces: sizes go to the right and ratios up, each from an end of its axis to
// the other.
func TestChartPlaces(t *testing.T) {
	report := entriesReport()
	report.Policies = []Result{{"lru", points(100, 0.2, 1000, 0.3, 10_000, 0.4)}}
	curve := report.chart().Plots[0].Curves[0]
	var places []string
	for _, dot := range curve.Points {
		places = append(places, dot.X+" "+dot.Y)
	}
	// The axis of sizes has a margin.
	if got := strings.Join(places, ", "); got != "5.4 380.0, 320.0 190.0, 634.6 0.0" {
		t.Errorf("the points are at %s", got)
	}
	if want := "M" + strings.Join(places, "L"); curve.Path != want {
		t.Errorf("the line is %s, want %s", curve.Path, want)
	}
}

// TestChartOfExtremes: nothing is divided by zero, and names stay apart.
func TestChartOfExtremes(t *testing.T) {
	for name, points := range map[string][]Point{
		"one size":         points(1000, 0.5),
		"a size of 1":      points(1, 0),
		"never a hit":      points(10, 0, 20, 0),
		"always":           points(10, 1, 20, 1),
		"sizes that touch": points(1_000_001, 0.5, 1_000_002, 0.50001),
		"far apart":        points(1, 0, 1e15, 1),
	} {
		report := entriesReport()
		report.Policies = nil
		for i := range 20 { // more than there are styles
			report.Policies = append(report.Policies, Result{fmt.Sprintf("policy-%d", i), points})
		}
		d := chartOf(t, report)
		if d.elements["use"] != 20*(len(points)+1) {
			t.Errorf("%s: %d dots", name, d.elements["use"])
		}
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct {
		axis axis
		want string
	}{
		{sizeAxis(1000, 100_000, unitEntries), "1k 2k 5k 10k 20k 50k 100k"},
		{sizeAxis(37, 4_000_000, unitEntries), "100 1k 10k 100k 1M"},
		{sizeAxis(1100, 1900, unitEntries), "1.1k 1.9k"},
		{sizeAxis(1500, 1500, unitEntries), "1k 2k"},
		{sizeAxis(64<<10, 16<<20, unitBytes), "64 KiB 128 KiB 256 KiB 512 KiB 1 MiB 2 MiB 4 MiB 8 MiB 16 MiB"},
		{sizeAxis(1<<10, 1<<40, unitBytes), "1 KiB 32 KiB 1 MiB 32 MiB 1 GiB 32 GiB 1 TiB"},
		{percentAxis(0, 100), "0% 20% 40% 60% 80% 100%"},
		{percentAxis(42.4, 47.7), "42% 43% 44% 45% 46% 47% 48%"},
		{percentAxis(88.61, 88.93), "88.6% 88.7% 88.8% 88.9% 89%"},
		{percentAxis(50, 50), "50% 50.1%"},
		{percentAxis(100, 100), "99.9% 100%"},
	} {
		var labels []string
		for _, tick := range c.axis.ticks {
			labels = append(labels, tick.label)
			if at := c.axis.place(tick.value); math.IsNaN(at) || at < -1e-9 || at > 1+1e-9 {
				t.Errorf("%s is at %v", tick.label, at)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("the axis has %s, want %s", got, c.want)
		}
	}
}
