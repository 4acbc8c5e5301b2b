// Package results is the file that a comparison leaves: what each system did in
// each phase, over all rounds, on which machine and in which versions.
package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Format is the version of the file's form. A file of another is refused.
const Format = 1

// File is a whole comparison.
type File struct {
	Format  int     `json:"format"`
	Date    string  `json:"date"`   // when it began, RFC 3339 in UTC
	Commit  string  `json:"commit"` // of MantisDB, as git describes it
	Scale   string  `json:"scale"`
	Only    string  `json:"only,omitempty"` // the expression that chose among the jobs
	Seed    uint64  `json:"seed"`
	Rounds  int     `json:"rounds"`
	Seconds float64 `json:"seconds"` // of each timed phase
	Machine Machine `json:"machine"`
	// Versions of the tools that built the programs, and of each system by its name.
	Versions map[string]string `json:"versions"`
	// LeftOut are systems that could not be measured at all, with the reason.
	LeftOut []string `json:"left_out,omitempty"`
	// Interrupted tells that not all of the plan was done.
	Interrupted bool      `json:"interrupted,omitempty"`
	Failures    []Failure `json:"failures,omitempty"`
	Rows        []Row     `json:"rows"`
}

// Failure is a job that ended before its last phase. What it measured until then
// is among the rows.
type Failure struct {
	Group    string `json:"group"`
	Engine   string `json:"engine"`
	Scenario string `json:"scenario"`
	Round    int    `json:"round"`
	Reason   string `json:"reason"`
}

// Phase names what is compared: the same work on as much data.
type Phase struct {
	Scenario   string `json:"scenario"`
	Workload   string `json:"workload"`
	Threads    int    `json:"threads"`
	Keys       uint64 `json:"keys"`
	ValueBytes int    `json:"value_bytes"`
}

// Row is what one system did in one phase. Its JSON has the phase's fields beside
// its own.
type Row struct {
	Group  string `json:"group"`
	Engine string `json:"engine"`
	Phase
	Version    string            `json:"version"`
	Language   string            `json:"language"`
	Settings   string            `json:"settings"`
	Durability string            `json:"durability"`
	Figures    map[string]Spread `json:"figures"`
}

// Read reads a file and refuses what it does not know all of.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// decode looks at the format first: another's fields are not known here.
func decode(data []byte) (*File, error) {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	if head.Format != Format {
		return nil, fmt.Errorf("results of format %d, and this program knows format %d", head.Format, Format)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	f := new(File)
	if err := decoder.Decode(f); err != nil {
		return nil, err
	}
	return f, nil
}

// Write writes the file whole or not at all, a row a line, so that two of them can
// be compared by lines.
func (f *File) Write(path string) error {
	data, err := f.encode()
	if err != nil {
		return err
	}
	unfinished := path + ".tmp"
	if err := os.WriteFile(unfinished, data, 0o644); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

func (f *File) encode() ([]byte, error) {
	head := *f
	head.Rows = []Row{}
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(bytes.TrimSuffix(text, []byte("]\n}")))
	for i, row := range f.Rows {
		line, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "\n    %s", line)
	}
	out.WriteString("\n  ]\n}\n")
	return out.Bytes(), nil
}
