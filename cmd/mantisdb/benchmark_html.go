package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mantisdb/mantisdb/internal/bench"
)

// errNoReportPage says why --benchmark-html cannot be done.
var errNoReportPage = errors.New("--benchmark-html: this program was built without the dashboard, which has the page: run `make build-frontend`, and build it again")

// reportPage is a page with charts that is to be written.
type reportPage struct {
	*output
	page bench.Page
}

// createHTML opens the file of the page, if one is asked for, before anything is measured in
// vain. Without one it is nil.
func (f *benchmarkFlags) createHTML(stdout io.Writer) (*reportPage, error) {
	switch f.html {
	case "":
		return nil, nil
	case stdio:
		return nil, usageError{errors.New("--benchmark-html takes the name of a file: standard output is for the table and the JSON")}
	}
	before, after, err := f.page()
	if err != nil {
		return nil, err
	}
	if before == nil {
		return nil, errNoReportPage
	}
	out, err := createOutput(stdout, f.html)
	if err != nil {
		return nil, err
	}
	return &reportPage{out, bench.Page{Before: before, After: after}}, nil
}

// write puts reports into the page and gives the file its name.
func (p *reportPage) write(reports []bench.Report) error {
	if p == nil {
		return nil
	}
	if err := bench.WriteHTML(p, p.page, versionNumber(), time.Now(), reports); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return p.commit()
}

// discard removes what was not written whole.
func (p *reportPage) discard() {
	if p != nil {
		p.output.discard()
	}
}
