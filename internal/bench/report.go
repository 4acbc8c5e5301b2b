package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
)

// Report is what one engine did. Its JSON form is a public format.
type Report struct {
	Engine     string   `json:"engine"`
	Stress     string   `json:"stress"`
	Durability string   `json:"durability"` // "memory": nothing is written to disk
	Go         string   `json:"go"`         // version of Go
	CPUs       int      `json:"cpus"`       // processors that Go uses
	Results    []Result `json:"results"`
}

// durabilityMemory is Report.Durability of a store without a log.
const durabilityMemory = "memory"

// Result is what one workload showed. Latencies are in microseconds, of timed
// operations; MaxMicros bounds the latency of all operations.
type Result struct {
	Name          string  `json:"name"`
	Operations    uint64  `json:"operations"`
	Seconds       float64 `json:"seconds"`
	OpsPerSecond  float64 `json:"ops_per_second"`
	P50Micros     float64 `json:"p50_us"`
	P99Micros     float64 `json:"p99_us"`
	P999Micros    float64 `json:"p999_us"`
	MaxMicros     float64 `json:"max_us"`
	Errors        uint64  `json:"errors"`
	FirstError    string  `json:"first_error,omitempty"`
	Goroutines    int     `json:"goroutines"`
	TimedInterval uint64  `json:"timed_interval"`         // one operation of so many is timed
	CPUSeconds    float64 `json:"cpu_seconds,omitempty"`  // of the whole process; absent where unknown
	RSSBytes      uint64  `json:"rss_bytes,omitempty"`    // of the process at the end; absent where unknown
	MemoryBytes   uint64  `json:"memory_bytes,omitempty"` // as the engine counts it, at the end
}

// setErrors notes what went wrong.
func (r *Result) setErrors(f *faults) {
	r.Errors = f.count
	if f.first != nil {
		r.FirstError = f.first.Error()
	}
}

// Errors is the number of errors of all workloads.
func (r *Report) Errors() uint64 {
	var sum uint64
	for _, result := range r.Results {
		sum += result.Errors
	}
	return sum
}

// WriteTable writes the report for people to read.
func (r *Report) WriteTable(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "engine %s, stress %s, durability %s, %s, %d CPUs\n", r.Engine, r.Stress, r.Durability, r.Go, r.CPUs)
	t := newTable(&b, "workload", "operations", "seconds", "ops/s",
		"p50 us", "p99 us", "p99.9 us", "max us", "errors", "CPU s", "RSS", "engine")
	for _, x := range r.Results {
		t.row(x.Name, comma(x.Operations), fixed(x.Seconds, 2), perSecond(x.OpsPerSecond),
			fixed(x.P50Micros, 2), fixed(x.P99Micros, 2), fixed(x.P999Micros, 2), fixed(x.MaxMicros, 0),
			comma(x.Errors), known(x.CPUSeconds > 0, fixed(x.CPUSeconds, 2)),
			known(x.RSSBytes > 0, humanize.IBytes(x.RSSBytes)), known(x.MemoryBytes > 0, humanize.IBytes(x.MemoryBytes)))
	}
	t.end()
	for _, x := range r.Results {
		if x.Errors > 0 {
			fmt.Fprintf(&b, "%s: %s errors, the first: %s\n", x.Name, comma(x.Errors), x.FirstError)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// table aligns columns to the right, the first to the left.
type table struct {
	out   *tabwriter.Writer
	width int // of the first column
}

// firstColumn is as wide as the longest name of a workload.
const firstColumn = len("sequential_writes")

func newTable(out io.Writer, headers ...string) table {
	t := table{out: tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight), width: firstColumn}
	t.row(headers...)
	return t
}

func (t table) row(cells ...string) {
	// A tab also ends the last cell: only ended cells are aligned.
	fmt.Fprintf(t.out, "%-*s\t%s\t\n", t.width, cells[0], strings.Join(cells[1:], "\t"))
}

func (t table) end() { t.out.Flush() }

func comma(n uint64) string { return humanize.Comma(int64(n)) }

func perSecond(rate float64) string { return comma(uint64(rate + 0.5)) }

func fixed(x float64, decimals int) string { return fmt.Sprintf("%.*f", decimals, x) }

func known(is bool, cell string) string {
	if !is {
		return "-"
	}
	return cell
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
