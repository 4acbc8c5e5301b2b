package cachesim

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"github.com/mantisdb/mantisdb/storage"
)

// Report is what a replay showed. Its JSON form is a public format.
type Report struct {
	Trace     string   `json:"trace"`
	Format    string   `json:"format"`
	Requests  uint64   `json:"requests"`
	Keys      uint64   `json:"keys"`      // different ones
	Unit      string   `json:"unit"`      // of the footprint and capacities: "entries" or "bytes"
	Footprint uint64   `json:"footprint"` // of a cache that holds everything
	Policies  []Result `json:"policies"`  // in the order that was asked for
}

// Result is what one policy showed.
type Result struct {
	Policy string  `json:"policy"`
	Points []Point `json:"points"` // in order of capacities, which are those of all policies
}

// Point is what one policy showed with one capacity.
type Point struct {
	Capacity     uint64   `json:"capacity"`
	Hits         uint64   `json:"hits"`
	HitRatio     float64  `json:"hit_ratio"`                // of requests, from 0 to 1
	ByteHitRatio *float64 `json:"byte_hit_ratio,omitempty"` // of requested bytes; absent without sizes
}

func newReport(trace *Trace, plan *Plan, hits []storage.CacheHits) *Report {
	r := &Report{
		Trace: trace.Name, Format: trace.Format,
		Requests: uint64(len(trace.Requests)), Keys: uint64(trace.Keys),
		Unit: trace.unit(), Footprint: trace.Footprint,
	}
	bytes := trace.requestedBytes()
	for i, policy := range plan.Policies {
		result := Result{Policy: policy}
		for j, capacity := range plan.Capacities {
			seen := hits[i*len(plan.Capacities)+j]
			point := Point{Capacity: capacity, Hits: seen.Requests, HitRatio: float64(seen.Requests) / float64(r.Requests)}
			if trace.Sizes != nil {
				ratio := float64(seen.Bytes) / float64(bytes)
				point.ByteHitRatio = &ratio
			}
			result.Points = append(result.Points, point)
		}
		r.Policies = append(r.Policies, result)
	}
	return r
}

// requestedBytes is the bytes of all requests; 0 without sizes.
func (t *Trace) requestedBytes() (sum uint64) {
	if t.Sizes == nil {
		return 0
	}
	for _, key := range t.Requests {
		sum += t.Sizes[key]
	}
	return sum
}

// WriteJSON writes the report as a JSON object.
func (r *Report) WriteJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// measure is a ratio of which a report has one at each point.
type measure struct {
	name string
	of   func(Point) float64 // from 0 to 1
}

// measures are those that the report has.
func (r *Report) measures() []measure {
	measures := []measure{{"hit ratio", func(p Point) float64 { return p.HitRatio }}}
	if r.Unit == unitBytes {
		measures = append(measures, measure{"byte hit ratio", func(p Point) float64 { return *p.ByteHitRatio }})
	}
	return measures
}

// summary is what the trace is, in a line.
func (r *Report) summary() string {
	s := fmt.Sprintf("%s requests of %s keys", comma(r.Requests), comma(r.Keys))
	if r.Unit == unitBytes {
		s += ", " + humanize.IBytes(r.Footprint)
	}
	return s
}

// WriteTable writes the report for people to read: a line for each capacity, and a
// column for each policy.
func (r *Report) WriteTable(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Trace, r.summary())
	for _, m := range r.measures() {
		fmt.Fprintf(&b, "\n%s, %%\n", m.name)
		r.writeMeasure(&b, m)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *Report) writeMeasure(out io.Writer, m measure) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	// A tab also ends the last cell: only ended cells are aligned.
	fmt.Fprintf(t, "%s\tfootprint\t", r.Unit)
	for _, result := range r.Policies {
		fmt.Fprintf(t, "%s\t", result.Policy)
	}
	fmt.Fprintln(t)
	for i, row := range r.Policies[0].Points {
		fmt.Fprintf(t, "%s\t%.2f%%\t", comma(row.Capacity), 100*float64(row.Capacity)/float64(r.Footprint))
		for _, result := range r.Policies {
			fmt.Fprintf(t, "%.2f\t", 100*m.of(result.Points[i]))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

func comma(n uint64) string { return humanize.Comma(int64(n)) }
